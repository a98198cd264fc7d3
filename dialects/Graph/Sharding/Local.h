//===- Local.h - Building an op on one rank's shards ------------*- C++ -*-===//
#ifndef VESCALE_DIALECTS_GRAPH_SHARDING_LOCAL_H
#define VESCALE_DIALECTS_GRAPH_SHARDING_LOCAL_H

#include "dialects/Graph/Graph.h"

namespace vescale::graph {

using LocalValues = mlir::FailureOr<llvm::SmallVector<mlir::Value>>;

/// The op itself on local operands, for ops whose attributes hold neither sizes
/// nor positions.
LocalValues cloneLocal(mlir::Operation *op, mlir::OpBuilder &builder,
                       mlir::ValueRange operands,
                       llvm::ArrayRef<mlir::RankedTensorType> resultTypes);

/// A tensor of this type with one number in every element.
mlir::Value splat(mlir::OpBuilder &builder, mlir::Location loc,
                  mlir::RankedTensorType type, double number);

/// The global index at which this rank's shard of a dimension starts, as a
/// tensor of `type` with that number in every element.
mlir::Value shardStart(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::RankedTensorType type,
                       const dist::PartitionContext &context,
                       dist::AxesAttr axes, int64_t shard);

} // namespace vescale::graph

/// Defines OP::partition for ops that cloneLocal serves.
#define VESCALE_PARTITION_BY_CLONE(OP)                                         \
  mlir::FailureOr<llvm::SmallVector<mlir::Value>> OP::partition(               \
      mlir::OpBuilder &builder, mlir::ValueRange operands,                     \
      llvm::ArrayRef<mlir::RankedTensorType> resultTypes,                      \
      const vescale::dist::PartitionContext &) {                               \
    return cloneLocal(*this, builder, operands, resultTypes);                  \
  }

#endif // VESCALE_DIALECTS_GRAPH_SHARDING_LOCAL_H
