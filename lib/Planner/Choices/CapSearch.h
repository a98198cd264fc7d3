//===- CapSearch.h - The best cap on the slowest stage ----------*- C++ -*-===//
//
// The sum of stages' times falls as the slowest may take longer, so between two
// caps no step is shorter than one with the sum of the upper and the slowest of
// the lower: halves that cannot win are left out.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_LIB_PLANNER_CHOICES_CAPSEARCH_H
#define VESCALE_LIB_PLANNER_CHOICES_CAPSEARCH_H

#include "vescale/Planner/StageSplit.h"
#include "llvm/ADT/ArrayRef.h"

namespace vescale::planner {

class CapSearch {
public:
  /// The best split with no stage above the cap.
  struct Capped {
    llvm::SmallVector<unsigned> ends; ///< None if there is no such split.
    double sum, slowest;
  };
  using Solver = llvm::function_ref<Capped(double cap)>;

  /// `caps` ascend; there is a split for the first one. No split's sum is below
  /// `floor`.
  CapSearch(llvm::ArrayRef<double> caps, const StepForm &form, double floor,
            Solver solve);

  StageSplit best;

private:
  /// All caps between two that are solved.
  void between(size_t low, size_t high, double highSum);
  double solve(size_t cap);
  bool canWin(double sum, double slowest) const;

  llvm::ArrayRef<double> caps;
  StepForm form;
  Solver solver;
};

} // namespace vescale::planner

#endif // VESCALE_LIB_PLANNER_CHOICES_CAPSEARCH_H
