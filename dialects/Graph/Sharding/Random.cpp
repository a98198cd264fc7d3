//===- Random.cpp - Sharding of what is drawn -------------------*- C++ -*-===//
//
// Each element is numbered by where it is in the whole tensor: rows by the
// counters, which are sharded like them, and elements within a row from where
// the rank's shard of it starts.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Sharding/Local.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using dist::PartitionContext;
using dist::ShardingRule;
using dist::ShardingRuleBuilder;

ShardingRule DropoutOp::getShardingRule() {
  ShardingRuleBuilder builder(*this);
  int64_t rank = rankOf(getInput());
  for (auto [dim, size] : llvm::enumerate(shapeOf(getInput()))) {
    unsigned factor = builder.factor(size);
    builder.operandDim(0, dim, factor).resultDim(0, dim, factor);
    if (getCounters() && static_cast<int64_t>(dim) + 1 < rank)
      builder.operandDim(1, dim, factor);
  }
  return builder.linear({0}).build();
}

LocalValues DropoutOp::partition(OpBuilder &builder, ValueRange operands,
                                 ArrayRef<RankedTensorType> resultTypes,
                                 const PartitionContext &context) {
  RankedTensorType type = resultTypes.front();
  if (!getCounters())
    return emitOpError("does not say which elements it drops; "
                       "train-add-dropout does");
  Value counters = operands[1];
  int64_t last = type.getRank() - 1;
  dist::AxesAttr axes = context.resultAxes(0, last);
  if (!axes.empty()) {
    RankedTensorType rows = typeOf(counters);
    Value start = shardStart(builder, getLoc(), rows, context, axes,
                             type.getDimSize(last));
    counters = AddOp::create(builder, getLoc(), rows, counters, start);
  }
  return SmallVector<Value>{DropoutOp::create(builder, getLoc(), type,
                                              operands[0], counters,
                                              operands[2], getDropAttr())};
}
