//===- SampleDims.h - Where a batch's samples are in values -----*- C++ -*-===//
#ifndef VESCALE_DIALECTS_GRAPH_SAMPLEDIMS_H
#define VESCALE_DIALECTS_GRAPH_SAMPLEDIMS_H

#include "dialects/Graph/Graph.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace vescale::graph {

/// Index i of dimension `dim` belongs to sample i / `inner`.
struct SampleDim {
  int64_t dim, inner;
};

/// Follows the samples of a function's inputs through its ops, one after the
/// other in their order.
class SampleDims {
public:
  /// The batch is the first dimension of the first input, and of all inputs
  /// that have as much there.
  explicit SampleDims(mlir::func::FuncOp func);

  void visit(dist::ShardableOpInterface op, const dist::ShardingRule &rule);
  /// Visits all ops, and follows samples back to where a value of one is
  /// repeated for each of them, as a position's embedding is.
  void visitAll();

  int64_t getBatch() const { return batch; }
  /// Nothing for a value that has no such dimension, or none that is known.
  std::optional<SampleDim> lookup(mlir::Value value) const;
  /// Whether the value is computed from samples at all, or has one's part for
  /// each.
  bool hasSamples(mlir::Value value) const { return fed.contains(value); }

private:
  bool isRepeated(mlir::Value value) const;
  void visitOperands(dist::ShardableOpInterface op,
                     const dist::ShardingRule &rule);

  mlir::func::FuncOp func;
  int64_t batch = 1;
  llvm::DenseMap<mlir::Value, SampleDim> dims;
  llvm::DenseSet<mlir::Value> fed;
};

} // namespace vescale::graph

#endif // VESCALE_DIALECTS_GRAPH_SAMPLEDIMS_H
