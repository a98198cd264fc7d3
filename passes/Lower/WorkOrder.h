//===- WorkOrder.h - An order of steps and what it covers -------*- C++ -*-===//
//
// Terms. A collective is *ready* behind the last step that it depends on, and
// has its *use* at the first work that depends on it; work between the two
// *covers* it, for as long as it takes. All transfers of an entry together are
// taken to be as long as all its work, so that each is as long as its share of
// the bytes.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_PASSES_LOWER_WORKORDER_H
#define VESCALE_PASSES_LOWER_WORKORDER_H

#include "passes/Lower/EntrySteps.h"

namespace vescale {

/// Steps by number, in an order that can change. Places count from 0; that of
/// an end is the number of steps.
class WorkOrder {
public:
  explicit WorkOrder(llvm::ArrayRef<Step> steps);

  int64_t size() const { return steps.size(); }
  llvm::ArrayRef<int64_t> get() const { return order; }
  void set(llvm::ArrayRef<int64_t> order);

  int64_t placeOf(int64_t step) const { return places[step]; }
  int64_t readyPlace(int64_t collective) const;
  int64_t usePlace(int64_t collective) const;

  bool isWork(int64_t step) const { return !steps[step].getCollective(); }
  /// Of work, or of a transfer.
  double timeOf(int64_t step) const { return times[step]; }
  /// Of all work before a place.
  double workBefore(int64_t place) const { return sums[place]; }
  double coverOf(int64_t collective) const;
  /// The average transfer's.
  double transferTime() const { return average; }

private:
  llvm::ArrayRef<Step> steps;
  llvm::SmallVector<int64_t> order, places;
  llvm::SmallVector<double> times, sums;
  double average = 0;
};

} // namespace vescale

#endif // VESCALE_PASSES_LOWER_WORKORDER_H
