//===- Options.h - What the passes of training go by ------------*- C++ -*-===//
#ifndef VESCALE_PASSES_TRAIN_OPTIONS_H
#define VESCALE_PASSES_TRAIN_OPTIONS_H

#include "dialects/Graph/Graph.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "vescale/Train/TrainFile.h"

namespace vescale::train {

/// The module's train file, or failure with a diagnostic.
llvm::FailureOr<TrainFile> trainOptions(mlir::ModuleOp module);
/// The parameter that counts the steps done.
inline constexpr llvm::StringLiteral kStepName = "#step";
/// The function of the module that evaluates and is not trained.
inline constexpr llvm::StringLiteral kEvaluationName = "eval";

/// The function that becomes the step: the only one beside that.
llvm::FailureOr<mlir::func::FuncOp> findStep(mlir::ModuleOp module);
/// Returns these values from the function, under these names.
void setNamedResults(
    mlir::func::FuncOp func,
    llvm::ArrayRef<std::pair<llvm::StringRef, mlir::Value>> results);
/// Whether the optimizer changes the parameter: it is a weight under the
/// author's name, not a running statistic or something that an exporter
/// computed, and not frozen.
bool isTrained(graph::ParameterOp op, const TrainFile &options);
/// Whether one of the patterns matches a name of the parameter.
bool matchesAny(llvm::ArrayRef<std::string> globs, graph::ParameterOp op);

} // namespace vescale::train

#endif // VESCALE_PASSES_TRAIN_OPTIONS_H
