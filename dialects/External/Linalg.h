//===- Linalg.h - What linalg ops say of themselves -------------*- C++ -*-===//
#ifndef VESCALE_DIALECTS_EXTERNAL_LINALG_H
#define VESCALE_DIALECTS_EXTERNAL_LINALG_H

#include "dialects/Dist/Dist.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace vescale {

/// The rule that indexing maps, iterator types and the region say.
dist::ShardingRule getLinalgRule(mlir::linalg::LinalgOp op);

llvm::FailureOr<llvm::SmallVector<mlir::Value>>
partitionLinalg(mlir::linalg::LinalgOp op, mlir::OpBuilder &builder,
                mlir::ValueRange operands,
                llvm::ArrayRef<mlir::RankedTensorType> resultTypes,
                const dist::PartitionContext &context);

/// Runs the region for each point of the iteration space, in order.
Tensors evaluateLinalg(mlir::linalg::LinalgOp op,
                       llvm::ArrayRef<const Tensor *> operands,
                       EvaluateContext &context);

} // namespace vescale

#endif // VESCALE_DIALECTS_EXTERNAL_LINALG_H
