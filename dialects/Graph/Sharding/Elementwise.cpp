//===- Elementwise.cpp - Sharding of elementwise ops ------------*- C++ -*-===//

#include "dialects/Graph/Sharding/Local.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using dist::ReductionKind;
using dist::ShardingRule;
using dist::ShardingRuleBuilder;

/// All dimensions walk together, and the op commutes with no reduction.
static ShardingRule pointwise(Operation *op) {
  return ShardingRuleBuilder(op).pointwise().build();
}

#define VESCALE_POINTWISE(OP)                                                  \
  ShardingRule OP::getShardingRule() { return pointwise(*this); }              \
  VESCALE_PARTITION_BY_CLONE(OP)
VESCALE_POINTWISE(AbsOp)
VESCALE_POINTWISE(SignOp)
VESCALE_POINTWISE(ExpOp)
VESCALE_POINTWISE(LogOp)
VESCALE_POINTWISE(SqrtOp)
VESCALE_POINTWISE(RsqrtOp)
VESCALE_POINTWISE(ReciprocalOp)
VESCALE_POINTWISE(TanhOp)
VESCALE_POINTWISE(ErfOp)
VESCALE_POINTWISE(SinOp)
VESCALE_POINTWISE(CosOp)
VESCALE_POINTWISE(SigmoidOp)
VESCALE_POINTWISE(FloorOp)
VESCALE_POINTWISE(CeilOp)
VESCALE_POINTWISE(RoundOp)
VESCALE_POINTWISE(SiluOp)
VESCALE_POINTWISE(GeluOp)
VESCALE_POINTWISE(NotOp)
VESCALE_POINTWISE(IsNanOp)
VESCALE_POINTWISE(RemOp)
VESCALE_POINTWISE(PowOp)
VESCALE_POINTWISE(AndOp)
VESCALE_POINTWISE(OrOp)
VESCALE_POINTWISE(XorOp)
VESCALE_POINTWISE(CompareOp)
#undef VESCALE_POINTWISE

VESCALE_PARTITION_BY_CLONE(CastOp)
VESCALE_PARTITION_BY_CLONE(NegOp)
VESCALE_PARTITION_BY_CLONE(ReluOp)
VESCALE_PARTITION_BY_CLONE(AddOp)
VESCALE_PARTITION_BY_CLONE(SubOp)
VESCALE_PARTITION_BY_CLONE(MulOp)
VESCALE_PARTITION_BY_CLONE(DivOp)
VESCALE_PARTITION_BY_CLONE(MaxOp)
VESCALE_PARTITION_BY_CLONE(MinOp)
VESCALE_PARTITION_BY_CLONE(SelectOp)

/// A wider float has every value of a narrower one, so the order of sum and
/// cast is one of rounding alone.
ShardingRule CastOp::getShardingRule() {
  auto builder = ShardingRuleBuilder(*this).pointwise();
  auto from = dyn_cast<FloatType>(typeOf(getInput()).getElementType());
  auto to = dyn_cast<FloatType>(typeOf(getResult()).getElementType());
  if (from && to && from.getWidth() < to.getWidth())
    builder.linear({0});
  return builder.build();
}

ShardingRule NegOp::getShardingRule() {
  return ShardingRuleBuilder(*this).pointwise().linear({0}).build();
}

ShardingRule ReluOp::getShardingRule() {
  return ShardingRuleBuilder(*this)
      .pointwise()
      .commutes({0}, ReductionKind::Max)
      .commutes({0}, ReductionKind::Min)
      .build();
}

ShardingRule AddOp::getShardingRule() {
  return ShardingRuleBuilder(*this).pointwise().linear({0, 1}).build();
}

ShardingRule SubOp::getShardingRule() {
  return ShardingRuleBuilder(*this).pointwise().linear({0, 1}).build();
}

ShardingRule MulOp::getShardingRule() {
  return ShardingRuleBuilder(*this).pointwise().linear({0}).linear({1}).build();
}

ShardingRule DivOp::getShardingRule() {
  auto builder = ShardingRuleBuilder(*this).pointwise();
  if (isa<FloatType>(typeOf(getResult()).getElementType()))
    builder.linear({0}); // integers truncate
  return builder.build();
}

/// max and min distribute over each other and over themselves.
static ShardingRule lattice(Operation *op, ReductionKind same,
                            ReductionKind other) {
  return ShardingRuleBuilder(op)
      .pointwise()
      .commutes({0, 1}, same)
      .commutes({0}, same)
      .commutes({1}, same)
      .commutes({0}, other)
      .commutes({1}, other)
      .build();
}

ShardingRule MaxOp::getShardingRule() {
  return lattice(*this, ReductionKind::Max, ReductionKind::Min);
}

ShardingRule MinOp::getShardingRule() {
  return lattice(*this, ReductionKind::Min, ReductionKind::Max);
}

ShardingRule SelectOp::getShardingRule() {
  return ShardingRuleBuilder(*this).pointwise().moves({1, 2}).build();
}
