//===- Planning.h - From a model to its plan --------------------*- C++ -*-===//
#ifndef VESCALE_DRIVER_PLANNING_H
#define VESCALE_DRIVER_PLANNING_H

#include "vescale/Driver/Compiler.h"
#include "vescale/Planner/Planner.h"

namespace vescale {

/// The model as plans are made for it: prepared, of a training step the forward
/// program with its loss. Weights are not read. Null after printing errors;
/// `failed` is then the phase.
mlir::OwningOpRef<mlir::ModuleOp> readForward(const CompilerOptions &options,
                                              mlir::MLIRContext *context,
                                              Phase &failed);

/// What is planned: the training that the options ask for, on all of the
/// machine's devices.
llvm::Expected<planner::PlanRequest> planRequest(const CompilerOptions &options,
                                                 const Machine &machine);

/// A plan that was lowered and played.
struct PlayedPlan {
  PlanFile plan;
  double stepUs;
};

/// The plan that is quickest once it is lowered, of the planner's best few.
/// Nothing after printing errors, such as that none fits into the devices'
/// memory; `failed` is then the phase.
std::optional<PlayedPlan> choosePlan(const CompilerOptions &options,
                                     const Machine &machine,
                                     mlir::MLIRContext *context,
                                     Phase &failed);

} // namespace vescale

#endif // VESCALE_DRIVER_PLANNING_H
