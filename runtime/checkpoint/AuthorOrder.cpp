// Infers orders of dimensions from views, and reads by them.
#include "runtime/checkpoint/AuthorOrder.h"

#include "runtime/core/StridedCopy.h"
#include "runtime/io/TensorFile.h"

#include <algorithm>
#include <cstring>

namespace vescale::runtime {
namespace {

/// Finds where the stored dimensions are in the author's tensor.
class OrderFinder {
public:
  explicit OrderFinder(const Parameter &first)
      : stored(first.source.shape), author(first.author->shape),
        storedStrides(denseStrides(stored)),
        authorStrides(denseStrides(author)), dimOf(stored.size(), unknown),
        taken(author.size(), false) {}

  /// A dimension of the view that steps along one stored dimension alone says
  /// which of the author's that is.
  bool learn(const Parameter &parameter) {
    for (size_t dim = 0; dim < parameter.shape.size(); ++dim) {
      if (parameter.shape[dim] <= 1)
        continue;
      int64_t step = parameter.view.strides[dim];
      for (size_t from = 0; from < stored.size(); ++from) {
        if (stored[from] <= 1 || step < storedStrides[from] ||
            step / storedStrides[from] >= stored[from])
          continue;
        int64_t times = step / storedStrides[from];
        if (step % storedStrides[from] ||
            !match(from, parameter.author->view->strides[dim], times))
          return false;
      }
    }
    return true;
  }

  std::optional<AuthorOrder> finish() {
    for (size_t from = 0; from < stored.size(); ++from)
      if (dimOf[from] == unknown && !guess(from))
        return std::nullopt;
    AuthorOrder order{author, {}};
    for (size_t from = 0; from < stored.size(); ++from)
      order.strides.push_back(authorStrides[dimOf[from]]);
    return order;
  }

private:
  static constexpr size_t unknown = SIZE_MAX;

  bool match(size_t from, int64_t authorStep, int64_t times) {
    for (size_t to = 0; to < author.size(); ++to)
      if (author[to] == stored[from] &&
          authorStrides[to] * times == authorStep) {
        if (dimOf[from] == to)
          return true;
        if (dimOf[from] != unknown || taken[to])
          return false;
        dimOf[from] = to;
        return taken[to] = true;
      }
    return false;
  }

  /// One of the author's dimensions that are left, if only one has the size;
  /// which dimension of size 1 it is makes no difference.
  bool guess(size_t from) {
    size_t found = unknown;
    for (size_t to = 0; to < author.size(); ++to) {
      if (taken[to] || author[to] != stored[from])
        continue;
      if (found != unknown && stored[from] > 1)
        return false;
      if (found == unknown)
        found = to;
    }
    if (found == unknown)
      return false;
    dimOf[from] = found;
    return taken[found] = true;
  }

  std::vector<int64_t> stored, author, storedStrides, authorStrides;
  std::vector<size_t> dimOf;
  std::vector<bool> taken;
};

} // namespace

std::optional<AuthorOrder>
authorOrder(const std::vector<const Parameter *> &parameters) {
  for (const Parameter *parameter : parameters)
    if (!parameter->author || !parameter->author->view ||
        checkedBytes(parameter->author->shape, 1) !=
            checkedBytes(parameter->source.shape, 1))
      return std::nullopt;
  if (parameters.empty())
    return std::nullopt;
  OrderFinder finder(*parameters[0]);
  for (const Parameter *parameter : parameters)
    if (!finder.learn(*parameter))
      return std::nullopt;
  return finder.finish();
}

/// A run of the stored tensor is cut at the ends of its last dimension; within
/// that the author's elements are one stride apart.
void copyFromAuthor(const std::vector<int64_t> &stored,
                    const AuthorOrder &order, int64_t width, const char *from,
                    const Box &box, char *to) {
  std::vector<int64_t> strides = denseStrides(stored);
  int64_t row = stored.empty() ? 1 : stored.back();
  int64_t step = stored.empty() ? 1 : order.strides.back();
  for (RunCursor cursor(box); !cursor.done(); cursor.next()) {
    char *out = to + cursor.run().at * width;
    for (int64_t at = cursor.run().begin; at < cursor.run().end;) {
      int64_t count = std::min(cursor.run().end - at, row - at % row);
      int64_t rest = at, source = 0;
      for (size_t dim = 0; dim < stored.size(); ++dim) {
        source += rest / strides[dim] * order.strides[dim];
        rest %= strides[dim];
      }
      for (int64_t i = 0; i < count; ++i, out += width)
        std::memcpy(out, from + (source + i * step) * width, width);
      at += count;
    }
  }
}

} // namespace vescale::runtime
