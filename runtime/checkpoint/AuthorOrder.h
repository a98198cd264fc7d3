// Stored tensors and the author's: the same elements, with the dimensions in
// another order where an exporter transposed.
#ifndef VESCALE_RUNTIME_CHECKPOINT_AUTHORORDER_H
#define VESCALE_RUNTIME_CHECKPOINT_AUTHORORDER_H

#include "runtime/checkpoint/Views.h"
#include "runtime/core/Manifest.h"

#include <optional>

namespace vescale::runtime {

/// The author's tensor: the stored one with its dimensions in another order.
struct AuthorOrder {
  std::vector<int64_t> shape;   // the author's
  std::vector<int64_t> strides; // in it, of the stored tensor's dimensions

  bool operator==(const AuthorOrder &other) const {
    return shape == other.shape && strides == other.strides;
  }
};

/// The order that the parameters say, all views on one stored tensor; none
/// where they have no author, or don't say enough.
std::optional<AuthorOrder>
authorOrder(const std::vector<const Parameter *> &parameters);

/// Copies the elements of a view on the stored tensor into a dense buffer, from
/// the author's tensor.
void copyFromAuthor(const std::vector<int64_t> &stored,
                    const AuthorOrder &order, int64_t width, const char *from,
                    const Box &box, char *to);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CHECKPOINT_AUTHORORDER_H
