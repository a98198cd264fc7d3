//===- Compiler.h - Takes a model through the phases ------------*- C++ -*-===//
#ifndef VESCALE_DRIVER_COMPILER_H
#define VESCALE_DRIVER_COMPILER_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "passes/Lower/Passes.h"
#include "passes/Plan/Passes.h"
#include "passes/Train/TrainOptions.h"
#include "vescale/Driver/Phases.h"
#include "vescale/Frontend/Import.h"
#include <functional>
#include <string>

namespace mlir {
class TimingScope;
} // namespace mlir

namespace vescale {

struct CompilerOptions {
  /// The model: a file that a frontend reads, or `.mlir` text.
  std::string model;
  ImportOptions import;
  /// Where the weights come from by name; empty for the model's own files.
  std::string checkpoint;
  /// Makes the model's training step; without a file, the model.
  train::TrainOptions train;
  dist::PlanOptions plan;
  /// The same bits in every layout (dist-order-sums).
  bool reproducible = false;
  LowerOptions lower;
  /// With `.mlir` text: the phase that made it.
  Phase from = Phase::Import;
  Phase to = Phase::Emit;
  /// Where the IR after each phase is written; empty for nowhere.
  std::string dumpDir;
  /// Told before each phase, for progress.
  std::function<void(Phase)> progress;
  /// Where the time of phases and passes is added up; null for nowhere.
  mlir::TimingScope *timing = nullptr;
};

/// Reads the model and takes it through the phases up to `to`, or to `lower` if
/// that is `emit`. Null after printing errors; `failed` is then the phase.
/// Pass managers take MLIR's command line options where a tool registers them.
mlir::OwningOpRef<mlir::ModuleOp> compile(const CompilerOptions &options,
                                          mlir::MLIRContext *context,
                                          Phase &failed);

} // namespace vescale

#endif // VESCALE_DRIVER_COMPILER_H
