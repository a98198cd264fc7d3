//===- ExchangePlan.h - When exchanges start and end ------------*- C++ -*-===//
#ifndef VESCALE_PASSES_LOWER_EXCHANGEPLAN_H
#define VESCALE_PASSES_LOWER_EXCHANGEPLAN_H

#include "passes/Lower/CollectiveBuckets.h"

namespace vescale {

struct ExchangeLimits {
  size_t inFlight = 4; // others than gathers of parameters under way
  size_t ahead = 4;    // gathers of parameters without a use so far
};

/// What happens at a boundary (CollectiveBuckets.h).
struct ExchangeEvent {
  enum Kind { Start, End };
  int64_t boundary, bucket;
  Kind kind;
};

/// Sets buckets between the steps of work, which take so long and keep their
/// order. In the order in which they happen.
llvm::SmallVector<ExchangeEvent> planExchanges(llvm::ArrayRef<double> work,
                                               llvm::ArrayRef<Bucket> buckets,
                                               ExchangeLimits limits);

/// What becomes of a plan on one processor and one link.
struct Timeline {
  double time = 0;
  llvm::SmallVector<double> idle; // how long work waits, by bucket
};

/// Plays a plan over a link that takes so many times as long as buckets say.
Timeline playExchanges(llvm::ArrayRef<ExchangeEvent> events,
                       llvm::ArrayRef<double> work,
                       llvm::ArrayRef<Bucket> buckets, double slowness);

} // namespace vescale

#endif // VESCALE_PASSES_LOWER_EXCHANGEPLAN_H
