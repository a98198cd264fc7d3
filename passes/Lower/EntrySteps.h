//===- EntrySteps.h - The steps of an entry and their order -----*- C++ -*-===//
//
// Terms. The steps of an entry that are no collectives are its *work*. A step
// *depends* on one before it if both touch a buffer and one of them writes it.
// Work depends on all checks before it, as those of indices: steps that write
// nothing.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_PASSES_LOWER_ENTRYSTEPS_H
#define VESCALE_PASSES_LOWER_ENTRYSTEPS_H

#include "dialects/Rank/Rank.h"

namespace vescale {

/// A collective, with its wait, or a step of work.
struct Step {
  mlir::Operation *op;
  /// Numbers of the steps that it depends on, and of those that do on it.
  llvm::SmallVector<int64_t, 4> before, behind;
  /// How long it takes, in operations of a matrix product. The speed of links
  /// is not known, so all transfers together are taken to be as long as all
  /// work, and each is as long as its share of the bytes.
  double time = 0;
  /// Of what a collective moves, where that is whole.
  int64_t bytes = 0;

  rank::CollectiveOp getCollective() const {
    return llvm::dyn_cast<rank::CollectiveOp>(op);
  }
};

/// The steps from an entry to the next one, in program order.
struct EntrySteps {
  llvm::SmallVector<Step> steps;
  /// What follows the last step; null at the program's end.
  mlir::Operation *end = nullptr;
};
llvm::SmallVector<EntrySteps> collectEntries(rank::ProgramOp program);

/// Those of the work, in order.
llvm::SmallVector<double> workTimes(const EntrySteps &entry);

} // namespace vescale

#endif // VESCALE_PASSES_LOWER_ENTRYSTEPS_H
