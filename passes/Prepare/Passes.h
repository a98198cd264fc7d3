//===- Passes.h - The passes of the prepare phase ---------------*- C++ -*-===//
#ifndef VESCALE_PASSES_PREPARE_PASSES_H
#define VESCALE_PASSES_PREPARE_PASSES_H

#include "dialects/Graph/Graph.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

namespace vescale::prepare {

#define GEN_PASS_DECL
#include "passes/Prepare/Passes.h.inc"

/// What the phase does to an imported module: one spelling, composite ops,
/// projections split, parameters as views. Registered as `prepare`.
void buildPreparePipeline(mlir::OpPassManager &pm);

/// Registers the phase's passes and its pipeline, `prepare`.
void registerPreparePhase();

} // namespace vescale::prepare

#endif // VESCALE_PASSES_PREPARE_PASSES_H
