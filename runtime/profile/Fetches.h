// What products and what runs on their results take longer where their buffers
// lie in memory, to be measured. Buffers take turns over more of it than any
// cache holds.
#ifndef VESCALE_RUNTIME_PROFILE_FETCHES_H
#define VESCALE_RUNTIME_PROFILE_FETCHES_H

#include "runtime/core/Executor.h"
#include "runtime/kernels/Step.h"
#include "runtime/profile/Rounds.h"

namespace vescale::runtime {

class Fetches {
public:
  /// `memoryBytes` lie in no cache.
  Fetches(Rounds &rounds, int64_t memoryBytes);

  /// The bytes per second that a product's operands and result from memory add
  /// to its time.
  double ofProducts(const Rounds &rounds) const;
  /// And what an epilogue reads in boxes, beside its operations at
  /// `vectorRate`.
  double ofEpilogues(const Rounds &rounds, double vectorRate) const;

private:
  /// The same product with little and with much from memory.
  struct Pair {
    int64_t bytes; ///< The difference.
    size_t near, far;
  };
  /// A call runs one of `count` steps in turn, that for places from the arena's
  /// start, so many bytes apart.
  template <typename Make>
  size_t add(Rounds &rounds, const char *name, int64_t placeBytes, Make make);
  Pair addProduct(Rounds &rounds, int64_t n, int64_t k);
  Pair addEpilogue(Rounds &rounds);

  Arena arena;
  int64_t memoryBytes;
  Addresses addresses;
  std::vector<std::unique_ptr<Step>> steps;
  Pair products[2], epilogue;
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_PROFILE_FETCHES_H
