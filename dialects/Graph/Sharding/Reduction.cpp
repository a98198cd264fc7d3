//===- Reduction.cpp - Sharding of reductions and scans ---------*- C++ -*-===//

#include "dialects/Graph/Sharding/Local.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using dist::ReductionKind;
using dist::ShardingRule;
using dist::ShardingRuleBuilder;

VESCALE_PARTITION_BY_CLONE(ReduceOp)
VESCALE_PARTITION_BY_CLONE(CumsumOp)
VESCALE_PARTITION_BY_CLONE(ArgMaxOp)

/// The kind of partial value that a sharded reduction leaves; a product leaves
/// none, so its dimensions must be whole.
static std::optional<ReductionKind> partialKind(Reduction kind) {
  switch (kind) {
  case Reduction::Sum:
    return ReductionKind::Sum;
  case Reduction::Max:
    return ReductionKind::Max;
  case Reduction::Min:
    return ReductionKind::Min;
  case Reduction::Prod:
    return std::nullopt;
  }
  return std::nullopt;
}

ShardingRule ReduceOp::getShardingRule() {
  ShardingRuleBuilder builder(*this);
  std::optional<ReductionKind> kind = partialKind(getKind());
  int64_t resultDim = 0;
  for (auto [dim, size] : llvm::enumerate(shapeOf(getInput()))) {
    if (llvm::is_contained(getDims(), static_cast<int64_t>(dim))) {
      builder.operandDim(
          0, dim, kind ? builder.reduction(size, *kind) : builder.whole(size));
      continue;
    }
    unsigned factor = builder.factor(size);
    builder.operandDim(0, dim, factor).resultDim(0, resultDim++, factor);
  }
  if (kind)
    builder.commutes({0}, *kind);
  return builder.build();
}

ShardingRule CumsumOp::getShardingRule() {
  ShardingRuleBuilder builder(*this);
  for (auto [dim, size] : llvm::enumerate(shapeOf(getInput()))) {
    unsigned factor = static_cast<int64_t>(dim) == int64_t(getDim())
                          ? builder.whole(size)
                          : builder.factor(size);
    builder.operandDim(0, dim, factor).resultDim(0, dim, factor);
  }
  return builder.linear({0}).build();
}

ShardingRule ArgMaxOp::getShardingRule() {
  ShardingRuleBuilder builder(*this);
  int64_t resultDim = 0;
  for (auto [dim, size] : llvm::enumerate(shapeOf(getInput()))) {
    if (static_cast<int64_t>(dim) == int64_t(getDim())) {
      builder.operandDim(0, dim, builder.whole(size));
      continue;
    }
    unsigned factor = builder.factor(size);
    builder.operandDim(0, dim, factor).resultDim(0, resultDim++, factor);
  }
  return builder.build();
}
