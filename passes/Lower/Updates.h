//===- Updates.h - Where new values of parameters are written ---*- C++ -*-===//
//
// The step that computes a parameter's new value can write it over the old one
// if no later step reads that, and if it reads itself only what it overwrites
// with the same element. Otherwise the value is copied at the end of the run.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_PASSES_LOWER_UPDATES_H
#define VESCALE_PASSES_LOWER_UPDATES_H

#include "passes/Lower/Fusion.h"
#include "llvm/ADT/StringMap.h"

namespace vescale {

/// The parameters that some function of a module changes.
class UpdatedParameters {
public:
  explicit UpdatedParameters(mlir::ModuleOp module);

  bool contains(graph::ParameterOp op) const {
    return views.contains(op.getName());
  }
  /// Refuses readings of the same stored tensor through other views, or in
  /// other layouts, which would not see the changes.
  llvm::LogicalResult check(mlir::ModuleOp module) const;

private:
  /// The views that are updated, by the parameter's name.
  llvm::StringMap<llvm::SmallVector<graph::ParameterOp>> views;
};

/// Moves updates to the end of the function, constants that they write with
/// them, so that each is written where its parameter lies.
void sinkUpdates(mlir::func::FuncOp func);

/// Gives updates that can't overwrite the parameter a copy of their value at
/// the end of the function. Returns those values, which have to lie in memory
/// before; if there are any, the plan is out of date.
llvm::SmallVector<mlir::Value> copyUpdates(mlir::func::FuncOp func,
                                           const FusionPlan &plan);

} // namespace vescale

#endif // VESCALE_PASSES_LOWER_UPDATES_H
