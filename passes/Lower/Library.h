//===- Library.h - Ops that become library calls ----------------*- C++ -*-===//
//
// Contractions, attention and convolutions as the library's calls on strided
// operands: whether an op can be one, given views of its operands, and with
// which sizes and strides.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_PASSES_LOWER_LIBRARY_H
#define VESCALE_PASSES_LOWER_LIBRARY_H

#include "passes/Lower/Views.h"

namespace vescale {

/// One operand's part of a gemm; strides in elements.
struct Matrix {
  int64_t batchStrides[2] = {0, 0};
  int64_t leading = 1;
  bool transposed = false;
};

struct Gemm {
  int64_t leaves = 0;
  int64_t batch[2] = {1, 1};
  int64_t m = 1, n = 1, k = 1;
  Matrix a, b, c;
};

/// The gemm that `op` is on operands of these views; none if their dimensions
/// don't collapse to batch, rows and columns.
std::optional<Gemm> matchGemm(graph::DotOp op, const View &lhs,
                              const View &rhs);

/// Whether the library has a call for the op's element types and shapes.
bool hasLibraryCall(mlir::Operation *op);

/// Whether the library can read the operand through `view`, given views of the
/// others where they are known.
bool acceptsView(mlir::Operation *op, unsigned operand, const View &view);

/// Whether the library call ends in an epilogue.
inline bool takesEpilogue(mlir::Operation *op) {
  return mlir::isa<graph::DotOp, graph::ConvOp>(op);
}

} // namespace vescale

#endif // VESCALE_PASSES_LOWER_LIBRARY_H
