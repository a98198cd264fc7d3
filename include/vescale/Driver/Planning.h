//===- Planning.h - From a model to its plan --------------------*- C++ -*-===//
#ifndef VESCALE_DRIVER_PLANNING_H
#define VESCALE_DRIVER_PLANNING_H

#include "vescale/Driver/Compiler.h"
#include "vescale/Planner/Planner.h"
#include <memory>

namespace llvm {
class ToolOutputFile;
} // namespace llvm

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

/// Marks the program with a plan file's layouts, which plans then follow. What
/// else the file says is for the request.
llvm::LogicalResult pinLayouts(mlir::ModuleOp module, llvm::StringRef planFile);

/// A plan as the file that passes read, which is gone with this.
class TemporaryPlan {
public:
  static llvm::Expected<TemporaryPlan> write(const PlanFile &plan);
  TemporaryPlan(TemporaryPlan &&);
  ~TemporaryPlan();

  /// The options with this plan in the place of what they say of layouts.
  CompilerOptions in(CompilerOptions options) const;

private:
  explicit TemporaryPlan(std::unique_ptr<llvm::ToolOutputFile> file);

  std::unique_ptr<llvm::ToolOutputFile> file;
};

/// The plan that is quickest once it is lowered, of the planner's best few.
/// Nothing after printing errors, such as that none fits into the devices'
/// memory; `failed` is then the phase.
std::optional<PlanFile> choosePlan(const CompilerOptions &options,
                                   const Machine &machine,
                                   mlir::MLIRContext *context, Phase &failed);

} // namespace vescale

#endif // VESCALE_DRIVER_PLANNING_H
