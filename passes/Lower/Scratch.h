//===- Scratch.h - Memory that library calls need ---------------*- C++ -*-===//
//
// The sizes that the runtime's kernels state (runtime/kernels/sizes.h), asked
// by op.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_PASSES_LOWER_SCRATCH_H
#define VESCALE_PASSES_LOWER_SCRATCH_H

#include "passes/Lower/Library.h"

namespace vescale {

int64_t packedWeightBytes(int64_t k, int64_t n, mlir::Type element);
int64_t gemmScratchBytes(const Gemm &gemm, mlir::Type element, bool packed,
                         int64_t threads);
int64_t attentionScratchBytes(graph::AttentionOp op, int64_t threads);
int64_t attentionGradScratchBytes(graph::AttentionGradOp op, int64_t threads);
int64_t convScratchBytes(graph::ConvOp op, int64_t threads);
int64_t scatterAddScratchBytes(graph::ScatterAddOp op);

} // namespace vescale

#endif // VESCALE_PASSES_LOWER_SCRATCH_H
