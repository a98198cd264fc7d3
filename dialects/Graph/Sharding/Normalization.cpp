//===- Normalization.cpp - Sharding of softmax and norms --------*- C++ -*-===//

#include "dialects/Graph/Sharding/Local.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using dist::ShardingRule;
using dist::ShardingRuleBuilder;

VESCALE_PARTITION_BY_CLONE(SoftmaxOp)
VESCALE_PARTITION_BY_CLONE(LogSoftmaxOp)
VESCALE_PARTITION_BY_CLONE(LayerNormOp)
VESCALE_PARTITION_BY_CLONE(RmsNormOp)
VESCALE_PARTITION_BY_CLONE(LayerNormGradOp)
VESCALE_PARTITION_BY_CLONE(RmsNormGradOp)
VESCALE_PARTITION_BY_CLONE(BatchStatisticsOp)

/// The dimensions in [begin, end) are normalised and stay whole. Further
/// operands have just these dimensions.
static ShardingRule normalize(Operation *op, int64_t begin, int64_t end) {
  ShardingRuleBuilder builder(op);
  for (auto [dim, size] : llvm::enumerate(shapeOf(op->getOperand(0)))) {
    bool normalized =
        static_cast<int64_t>(dim) >= begin && static_cast<int64_t>(dim) < end;
    unsigned factor = normalized ? builder.whole(size) : builder.factor(size);
    builder.operandDim(0, dim, factor).resultDim(0, dim, factor);
    if (normalized)
      for (unsigned index = 1; index < op->getNumOperands(); ++index)
        builder.operandDim(index, dim - begin, factor);
  }
  return builder.build();
}

ShardingRule SoftmaxOp::getShardingRule() {
  return normalize(*this, getDim(), getDim() + 1);
}
ShardingRule LogSoftmaxOp::getShardingRule() {
  return normalize(*this, getDim(), getDim() + 1);
}
ShardingRule LayerNormOp::getShardingRule() {
  return normalize(*this, getAxis(), rankOf(getInput()));
}
ShardingRule RmsNormOp::getShardingRule() {
  return normalize(*this, getAxis(), rankOf(getInput()));
}

/// As the norm's, and linear in the gradient.
static ShardingRule normGradient(Operation *op, int64_t axis) {
  ShardingRuleBuilder builder(op);
  for (auto [dim, size] : llvm::enumerate(shapeOf(op->getOperand(0)))) {
    bool normalized = static_cast<int64_t>(dim) >= axis;
    unsigned factor = normalized ? builder.whole(size) : builder.factor(size);
    builder.operandDim(0, dim, factor).operandDim(1, dim, factor);
    builder.resultDim(0, dim, factor);
    if (normalized && op->getNumOperands() == 3)
      builder.operandDim(2, dim - axis, factor);
  }
  return builder.linear({1}).build();
}

ShardingRule LayerNormGradOp::getShardingRule() {
  return normGradient(*this, getAxis());
}
ShardingRule RmsNormGradOp::getShardingRule() {
  return normGradient(*this, getAxis());
}

/// Channels alone; the sums that the op is made of may be shared.
ShardingRule BatchStatisticsOp::getShardingRule() {
  ShardingRuleBuilder builder(*this);
  for (auto [dim, size] : llvm::enumerate(shapeOf(getInput()))) {
    unsigned factor = dim == 1 ? builder.factor(size) : builder.whole(size);
    builder.operandDim(0, dim, factor);
    if (dim != 1)
      continue;
    builder.operandDim(1, 0, factor).operandDim(2, 0, factor);
    builder.resultDim(0, 0, factor).resultDim(1, 0, factor);
  }
  return builder.build();
}
