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

namespace vescale {

/// Whether the program changes the parameter.
bool isUpdated(graph::ParameterOp op);

/// Refuses updates of parameters that the function also reads through other
/// views, which would not see them.
llvm::LogicalResult checkUpdates(mlir::func::FuncOp func);

/// Gives updates that can't overwrite the parameter a copy of their value at
/// the end of the function. Returns those values, which have to lie in memory
/// before; if there are any, the plan is out of date.
llvm::SmallVector<mlir::Value> copyUpdates(mlir::func::FuncOp func,
                                           const FusionPlan &plan);

} // namespace vescale

#endif // VESCALE_PASSES_LOWER_UPDATES_H
