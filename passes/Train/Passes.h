//===- Passes.h - The passes that make a training step ----------*- C++ -*-===//
#ifndef VESCALE_PASSES_TRAIN_PASSES_H
#define VESCALE_PASSES_TRAIN_PASSES_H

#include "dialects/Graph/Graph.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace vescale::train {

#define GEN_PASS_DECL
#include "passes/Train/Passes.h.inc"

/// Registers the passes.
void registerTrainPhase();

} // namespace vescale::train

#endif // VESCALE_PASSES_TRAIN_PASSES_H
