//===- CollectiveBuckets.h - Which collectives go together ------*- C++ -*-===//
//
// Terms. Steps of work are numbered from 0; boundary k is the moment before
// step k of the work, the last one behind all. A collective is *ready* at the
// first boundary at which all work that it depends on is done, and has its
// *use* at the last boundary before work depends on it. A *bucket* is what
// becomes one exchange: collectives of one kind on one group.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_PASSES_LOWER_COLLECTIVEBUCKETS_H
#define VESCALE_PASSES_LOWER_COLLECTIVEBUCKETS_H

#include "passes/Lower/EntrySteps.h"

namespace vescale {

struct Bucket {
  llvm::SmallVector<rank::CollectiveOp> members;
  int64_t ready = 0, use = 0; // boundaries
  int64_t bytes = 0;
  double time = 0;
  /// A gather of what lies there from the beginning, as parameters do: it can
  /// start at any time, and costs memory from then on.
  bool isPrefetch = false;
  /// Nothing that it reads is free once it is over.
  bool isInPlace = true;
  /// Buckets whose results it takes, or whose buffers it reuses.
  llvm::SmallSetVector<int64_t, 2> dependences;
};

/// Fills buckets up to `limit` bytes: gathers of parameters in the order of
/// their uses, the others in the order in which they are ready, so that none
/// waits for one that is ready only after its use. One of half the limit or
/// more goes alone, while what is smaller still gathers. In the order in which
/// they should start.
llvm::SmallVector<Bucket> formBuckets(const EntrySteps &entry, int64_t limit);

} // namespace vescale

#endif // VESCALE_PASSES_LOWER_COLLECTIVEBUCKETS_H
