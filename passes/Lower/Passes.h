//===- Passes.h - From local graph ops to a rank program --------*- C++ -*-===//
#ifndef VESCALE_PASSES_LOWER_PASSES_H
#define VESCALE_PASSES_LOWER_PASSES_H

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

namespace vescale {

#define GEN_PASS_DECL
#include "passes/Lower/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "passes/Lower/Passes.h.inc"

struct LowerOptions {
  /// Most threads of a rank that library scratch is laid out for.
  int64_t threads = 32;
  /// Most bytes of collectives that go together.
  int64_t bucketBytes = int64_t(2) << 20;
};

/// The phase `lower`: from local graph ops to a verified rank.program.
void buildLowerPipeline(mlir::OpPassManager &passes,
                        const LowerOptions &options = {});

void registerLowerPhase();

} // namespace vescale

#endif // VESCALE_PASSES_LOWER_PASSES_H
