//===- OrderPlayer.h - What becomes of an order of work ---------*- C++ -*-===//
#ifndef VESCALE_PASSES_LOWER_ORDERPLAYER_H
#define VESCALE_PASSES_LOWER_ORDERPLAYER_H

#include "passes/Lower/EntryMemory.h"
#include "passes/Lower/ExchangePlan.h"
#include "passes/Lower/WorkOrder.h"

namespace vescale {

/// Of an order that was played.
struct Outcome {
  double time = 0; // over all links; one by one is 1 for each
  /// By step: how long work waits for a collective.
  llvm::SmallVector<double> idle;
};

/// Plans exchanges for orders of an entry's steps as they will be planned, and
/// tells how long the entry takes over links on which all transfers take a
/// half, one, or two times as long as all work.
class OrderPlayer {
public:
  OrderPlayer(llvm::ArrayRef<Step> steps, int64_t bucketBytes);

  Outcome play(const WorkOrder &order) const;
  /// The numbers of the steps as they follow each other (EntryMemory.h).
  llvm::SmallVector<int64_t> findTouched(const WorkOrder &order) const;
  double workTime() const { return work; }

private:
  struct Plan {
    EntrySteps ordered;
    llvm::SmallVector<Bucket> buckets;
    llvm::SmallVector<double> times;
    llvm::SmallVector<ExchangeEvent> events;
  };
  Plan plan(const WorkOrder &order) const;

  llvm::ArrayRef<Step> steps;
  int64_t bucketBytes;
  llvm::DenseMap<mlir::Operation *, int64_t> numbers;
  double work = 0;
};

} // namespace vescale

#endif // VESCALE_PASSES_LOWER_ORDERPLAYER_H
