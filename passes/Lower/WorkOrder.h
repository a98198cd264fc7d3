//===- WorkOrder.h - An order of steps that can change ----------*- C++ -*-===//
//
// Terms. A collective is *ready* behind the last step that it depends on, and
// has its *use* at the first work that depends on it.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_PASSES_LOWER_WORKORDER_H
#define VESCALE_PASSES_LOWER_WORKORDER_H

#include "passes/Lower/EntrySteps.h"

namespace vescale {

/// Steps by number. Places count from 0; that of an end is the number of steps.
class WorkOrder {
public:
  explicit WorkOrder(llvm::ArrayRef<Step> steps);

  int64_t size() const { return steps.size(); }
  llvm::ArrayRef<int64_t> get() const { return order; }
  void set(llvm::ArrayRef<int64_t> order);

  int64_t placeOf(int64_t step) const { return places[step]; }
  int64_t readyPlace(int64_t collective) const;
  int64_t usePlace(int64_t collective) const;

  /// The steps in this order, with their places for numbers.
  EntrySteps getSteps() const;

private:
  llvm::ArrayRef<Step> steps;
  llvm::SmallVector<int64_t> order, places;
};

} // namespace vescale

#endif // VESCALE_PASSES_LOWER_WORKORDER_H
