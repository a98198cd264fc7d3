//===- Passes.h - The passes that make a training step ----------*- C++ -*-===//
#ifndef VESCALE_PASSES_TRAIN_PASSES_H
#define VESCALE_PASSES_TRAIN_PASSES_H

#include "dialects/Graph/Graph.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"
#include "passes/Train/TrainOptions.h"

namespace vescale::train {

#define GEN_PASS_DECL
#include "passes/Train/Passes.h.inc"

/// A prepared model → its training step.
void buildTrainPipeline(mlir::OpPassManager &pm, const TrainOptions &options);

/// Registers the passes and their pipeline, `train-pipeline`.
void registerTrainPhase();

} // namespace vescale::train

#endif // VESCALE_PASSES_TRAIN_PASSES_H
