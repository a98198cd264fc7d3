//===- Leaf.cpp - Sharding of parameters, constants and indices -*- C++ -*-===//

#include "dialects/Graph/Sharding/Local.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using dist::FactorKind;
using dist::PartitionContext;
using dist::ShardingRule;
using dist::ShardingRuleBuilder;

/// Zeros are their own partial sums.
static bool isZero(ElementsAttr value) {
  auto number = value && value.isSplat()
                    ? dyn_cast<FloatAttr>(value.getSplatValue<Attribute>())
                    : FloatAttr();
  return number && number.getValue().isPosZero();
}

ShardingRule ParameterOp::getShardingRule() {
  return ShardingRuleBuilder(*this)
      .pointwise()
      .startsAsZeros(isZero(getInitAttr()))
      .build();
}

LocalValues ParameterOp::partition(OpBuilder &builder, ValueRange operands,
                                   ArrayRef<RankedTensorType> resultTypes,
                                   const PartitionContext &) {
  Type global = getGlobalType();
  LocalValues local = cloneLocal(*this, builder, operands, resultTypes);
  cast<ParameterOp>(local->front().getDefiningOp()).setGlobal(global);
  return local;
}

ShardingRule UpdateOp::getShardingRule() {
  return ShardingRuleBuilder(*this).pointwise().linear({0, 1}).build();
}

LocalValues UpdateOp::partition(OpBuilder &builder, ValueRange operands,
                                ArrayRef<RankedTensorType>,
                                const PartitionContext &) {
  UpdateOp::create(builder, getLoc(), operands[0], operands[1]);
  return SmallVector<Value>();
}

/// A constant is replicated, since each rank's text is the same; one number in
/// every element needs no text of its own and may be sharded.
ShardingRule ConstantOp::getShardingRule() {
  ShardingRuleBuilder builder(*this);
  for (auto [dim, size] : llvm::enumerate(shapeOf(getResult())))
    builder.resultDim(0, dim,
                      builder.factor(size, getValue().isSplat()
                                               ? FactorKind::Parallel
                                               : FactorKind::Whole));
  return builder.startsAsZeros(isZero(getValue())).build();
}

LocalValues ConstantOp::partition(OpBuilder &builder, ValueRange,
                                  ArrayRef<RankedTensorType> resultTypes,
                                  const PartitionContext &) {
  RankedTensorType type = resultTypes.front();
  ElementsAttr value = getValue();
  if (value.isSplat())
    value = DenseElementsAttr::get(type, value.getSplatValue<Attribute>());
  else if (auto dense = dyn_cast<DenseElementsAttr>(value))
    value = dense.reshape(type); // drops the encoding
  return SmallVector<Value>{ConstantOp::create(builder, getLoc(), type, value)};
}

ShardingRule IotaOp::getShardingRule() {
  return ShardingRuleBuilder(*this).pointwise().build();
}

/// Indices are counted in i64 and converted last, so that a start that a narrow
/// float cannot hold rounds as the index itself would.
LocalValues IotaOp::partition(OpBuilder &builder, ValueRange operands,
                              ArrayRef<RankedTensorType> resultTypes,
                              const PartitionContext &context) {
  RankedTensorType type = resultTypes.front();
  dist::AxesAttr axes = context.resultAxes(0, getDim());
  if (axes.empty())
    return SmallVector<Value>{
        IotaOp::create(builder, getLoc(), type, getDim())};
  auto count = RankedTensorType::get(type.getShape(), builder.getI64Type());
  Value start = shardStart(builder, getLoc(), count, context, axes,
                           type.getDimSize(getDim()));
  Value local = IotaOp::create(builder, getLoc(), count, getDim());
  local = AddOp::create(builder, getLoc(), count, local, start);
  if (count != type)
    local = CastOp::create(builder, getLoc(), type, local);
  return SmallVector<Value>{local};
}
