//===- Passes.h - From rank kernels to LLVM ---------------------*- C++ -*-===//
#ifndef VESCALE_PASSES_EMIT_PASSES_H
#define VESCALE_PASSES_EMIT_PASSES_H

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

namespace vescale {

#define GEN_PASS_DECL
#include "passes/Emit/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "passes/Emit/Passes.h.inc"

/// Turns the kernel functions of a lowered module into the llvm dialect, for a
/// CPU.
void buildCpuKernelPipeline(mlir::OpPassManager &passes);

void registerEmitPhase();

} // namespace vescale

#endif // VESCALE_PASSES_EMIT_PASSES_H
