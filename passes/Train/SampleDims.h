//===- SampleDims.h - Where a batch's samples are in values -----*- C++ -*-===//
#ifndef VESCALE_PASSES_TRAIN_SAMPLEDIMS_H
#define VESCALE_PASSES_TRAIN_SAMPLEDIMS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace vescale::train {

/// Index i of dimension `dim` belongs to sample i / `inner`.
struct SampleDim {
  int64_t dim, inner;
};

class SampleDims {
public:
  /// `batch` samples are the first dimension of all inputs of that size.
  SampleDims(mlir::func::FuncOp func, int64_t batch);

  /// Nothing for a value that has no such dimension, or none that is known.
  std::optional<SampleDim> lookup(mlir::Value value) const;
  /// Whether the value is computed from samples at all.
  bool hasSamples(mlir::Value value) const { return fed.contains(value); }

private:
  void visit(mlir::Operation *op);

  int64_t batch;
  llvm::DenseMap<mlir::Value, SampleDim> dims;
  llvm::DenseSet<mlir::Value> fed;
};

} // namespace vescale::train

#endif // VESCALE_PASSES_TRAIN_SAMPLEDIMS_H
