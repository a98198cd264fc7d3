//===- Contraction.cpp - Sharding of dot, conv and pool ---------*- C++ -*-===//

#include "dialects/Graph/Sharding/Local.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using dist::PartitionContext;
using dist::ReductionKind;
using dist::ShardingRule;
using dist::ShardingRuleBuilder;

VESCALE_PARTITION_BY_CLONE(DotOp)
VESCALE_PARTITION_BY_CLONE(PoolOp)
VESCALE_PARTITION_BY_CLONE(PoolGradOp)
VESCALE_PARTITION_BY_CLONE(PoolPlaceOp)
VESCALE_PARTITION_BY_CLONE(UnpoolOp)

ShardingRule DotOp::getShardingRule() {
  ShardingRuleBuilder builder(*this);
  int64_t result = 0;
  for (auto [l, r] : llvm::zip_equal(getLhsBatch(), getRhsBatch())) {
    unsigned factor = builder.factor(shapeOf(getLhs())[l]);
    builder.operandDim(0, l, factor).operandDim(1, r, factor);
    builder.resultDim(0, result++, factor);
  }
  for (int64_t dim : getLhsFree()) {
    unsigned factor = builder.factor(shapeOf(getLhs())[dim]);
    builder.operandDim(0, dim, factor).resultDim(0, result++, factor);
  }
  for (int64_t dim : getRhsFree()) {
    unsigned factor = builder.factor(shapeOf(getRhs())[dim]);
    builder.operandDim(1, dim, factor).resultDim(0, result++, factor);
  }
  for (auto [l, r] : llvm::zip_equal(getLhsContract(), getRhsContract())) {
    unsigned factor =
        builder.reduction(shapeOf(getLhs())[l], ReductionKind::Sum);
    builder.operandDim(0, l, factor).operandDim(1, r, factor);
  }
  return builder.linear({0}).linear({1}).build();
}

/// Channels are (group, channel within the group), so that whole groups may go
/// to a rank each. Spatial dimensions would need halos and stay whole.
ShardingRule ConvOp::getShardingRule() {
  ShardingRuleBuilder builder(*this);
  ArrayRef<int64_t> input = shapeOf(getInput()), weight = shapeOf(getWeight());
  int64_t groups = getGroups();
  unsigned batch = builder.factor(input[0]);
  builder.operandDim(0, 0, batch).resultDim(0, 0, batch);
  if (groups > 1) {
    unsigned group = builder.factor(groups);
    builder.exact(group).operandDim(0, 1, group).operandDim(1, 0, group);
    builder.resultDim(0, 1, group);
  }
  unsigned out = builder.factor(weight[0] / groups);
  unsigned in = builder.reduction(weight[1], ReductionKind::Sum);
  if (groups > 1)
    builder.exact(out).exact(in);
  builder.operandDim(1, 0, out).resultDim(0, 1, out);
  builder.operandDim(0, 1, in).operandDim(1, 1, in);
  for (size_t dim = 2; dim < input.size(); ++dim) {
    builder.operandDim(0, dim, builder.whole(input[dim]));
    builder.operandDim(1, dim, builder.whole(weight[dim]));
    builder.resultDim(0, dim, builder.whole(shapeOf(getResult())[dim]));
  }
  return builder.linear({0}).linear({1}).build();
}

LocalValues ConvOp::partition(OpBuilder &builder, ValueRange operands,
                              ArrayRef<RankedTensorType> resultTypes,
                              const PartitionContext &) {
  // What a rank has of the input's channels in units of a group's channels.
  int64_t groups = shapeOf(operands[0])[1] / shapeOf(operands[1])[1];
  return SmallVector<Value>{ConvOp::create(
      builder, getLoc(), resultTypes[0], operands[0], operands[1], getStrides(),
      getDilations(), getPadLow(), getPadHigh(), groups)};
}

ShardingRule PoolOp::getShardingRule() {
  ShardingRuleBuilder builder(*this);
  for (auto [dim, size] : llvm::enumerate(shapeOf(getInput()))) {
    if (dim < 2) {
      unsigned factor = builder.factor(size);
      builder.operandDim(0, dim, factor).resultDim(0, dim, factor);
      continue;
    }
    builder.operandDim(0, dim, builder.whole(size));
    builder.resultDim(0, dim, builder.whole(shapeOf(getResult())[dim]));
  }
  switch (getKind()) {
  case Reduction::Sum:
    builder.linear({0});
    break;
  case Reduction::Max:
    builder.commutes({0}, ReductionKind::Max);
    break;
  case Reduction::Min:
    builder.commutes({0}, ReductionKind::Min);
    break;
  case Reduction::Prod:
    break;
  }
  return builder.build();
}

/// Samples and channels are each for themselves, spatial dimensions whole.
static ShardingRuleBuilder perChannel(Operation *op) {
  ShardingRuleBuilder builder(op);
  for (int64_t dim = 0, rank = rankOf(op->getResult(0)); dim < rank; ++dim) {
    unsigned shared =
        dim < 2 ? builder.factor(shapeOf(op->getResult(0))[dim]) : 0;
    auto factor = [&](Value value) {
      return dim < 2 ? shared : builder.whole(shapeOf(value)[dim]);
    };
    for (OpOperand &operand : op->getOpOperands())
      builder.operandDim(operand.getOperandNumber(), dim,
                         factor(operand.get()));
    builder.resultDim(0, dim, factor(op->getResult(0)));
  }
  return builder;
}

ShardingRule PoolGradOp::getShardingRule() {
  return perChannel(*this).linear({1}).build();
}
ShardingRule PoolPlaceOp::getShardingRule() {
  return perChannel(*this).build();
}
ShardingRule UnpoolOp::getShardingRule() {
  return perChannel(*this).linear({0}).build();
}
