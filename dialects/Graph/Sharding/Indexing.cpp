//===- Indexing.cpp - Sharding of lookups and their gradient ----*- C++ -*-===//
//
// A table that is sharded along the indexed dimension is not gathered: each
// rank looks up the indices that fall in its shard and gives zero for the
// others, which leaves the result partial (Shoeybi et al., Megatron-LM, 2019,
// section 3). In the gradient each rank adds the updates that fall in its
// shard.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Sharding/Local.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using dist::FactorKind;
using dist::PartitionContext;
using dist::ReductionKind;
using dist::ShardingRule;
using dist::ShardingRuleBuilder;

/// The factor of the indexed dimension; truth values have no sum.
static unsigned indexedFactor(ShardingRuleBuilder &builder, Value data,
                              int64_t axis) {
  int64_t size = shapeOf(data)[axis];
  if (typeOf(data).getElementType().isInteger(1))
    return builder.whole(size);
  unsigned factor = builder.reduction(size, ReductionKind::Sum);
  builder.skipsPadding(factor); // no valid index points there
  return factor;
}

ShardingRule TakeOp::getShardingRule() {
  ShardingRuleBuilder builder(*this);
  int64_t axis = getAxis(), result = 0;
  for (auto [dim, size] : llvm::enumerate(shapeOf(getData()))) {
    if (static_cast<int64_t>(dim) != axis) {
      unsigned factor = builder.factor(size);
      builder.operandDim(0, dim, factor).resultDim(0, result++, factor);
      continue;
    }
    builder.operandDim(0, dim, indexedFactor(builder, getData(), axis));
    for (auto [index, count] : llvm::enumerate(shapeOf(getIndices()))) {
      unsigned factor = builder.factor(count);
      builder.operandDim(1, index, factor).resultDim(0, result++, factor);
    }
  }
  return builder.moves({0}).build();
}

ShardingRule TakeAlongOp::getShardingRule() {
  ShardingRuleBuilder builder(*this);
  for (auto [dim, size] : llvm::enumerate(shapeOf(getIndices()))) {
    unsigned factor = builder.factor(size);
    builder.operandDim(1, dim, factor).resultDim(0, dim, factor);
    builder.operandDim(0, dim,
                       static_cast<int64_t>(dim) == int64_t(getAxis())
                           ? indexedFactor(builder, getData(), dim)
                           : factor);
  }
  return builder.moves({0}).build();
}

/// Sharded updates leave the result partial. Their padding is masked: zeros are
/// added to element 0.
ShardingRule ScatterAddOp::getShardingRule() {
  ShardingRuleBuilder builder(*this);
  int64_t scattered = getDim(), update = 0;
  for (auto [dim, size] : llvm::enumerate(shapeOf(getResult()))) {
    unsigned factor = builder.factor(size);
    builder.resultDim(0, dim, factor);
    if (static_cast<int64_t>(dim) != scattered) {
      builder.operandDim(1, update++, factor);
      continue;
    }
    for (auto [index, count] : llvm::enumerate(shapeOf(getIndices()))) {
      unsigned term = builder.reduction(count, ReductionKind::Sum);
      builder.operandDim(0, index, term).operandDim(1, update++, term);
    }
  }
  return builder.linear({1}).build();
}

namespace {
/// Indices into this rank's shard, and which of them fall into it.
struct LocalIndices {
  Value indices, inShard;
};
} // namespace

/// Moves global indices of a dimension of `size` elements into the shard of
/// `shard` elements. Indices of other shards become 0, indices that no shard
/// has become `shard`, so that the lookup still refuses them.
static LocalIndices localize(OpBuilder &builder, Location loc, Value indices,
                             int64_t size, int64_t shard, dist::AxesAttr axes,
                             const PartitionContext &context) {
  RankedTensorType type = typeOf(indices);
  if (!llvm::isIntN(type.getElementTypeBitWidth(), 2 * size)) {
    // Sums of an index and the size would not fit.
    type = RankedTensorType::get(type.getShape(), builder.getI64Type());
    indices = CastOp::create(builder, loc, type, indices);
  }
  auto truth = RankedTensorType::get(type.getShape(), builder.getI1Type());
  auto compare = [&](Comparison comparison, Value lhs, Value rhs) -> Value {
    return CompareOp::create(builder, loc, truth, comparison, lhs, rhs);
  };
  auto number = [&](int64_t value) { return splat(builder, loc, type, value); };
  Value zero = number(0), total = number(size), length = number(shard);
  Value wrapped = AddOp::create(builder, loc, type, indices, total);
  Value global = SelectOp::create(builder, loc, type,
                                  compare(Comparison::Lt, indices, zero),
                                  wrapped, indices);
  Value valid =
      AndOp::create(builder, loc, truth, compare(Comparison::Ge, global, zero),
                    compare(Comparison::Lt, global, total));
  Value start = shardStart(builder, loc, type, context, axes, shard);
  Value local = SubOp::create(builder, loc, type, global, start);
  Value inRange =
      AndOp::create(builder, loc, truth, compare(Comparison::Ge, local, zero),
                    compare(Comparison::Lt, local, length));
  Value inShard = AndOp::create(builder, loc, truth, valid, inRange);
  Value elsewhere = SelectOp::create(builder, loc, type, valid, zero, length);
  return {SelectOp::create(builder, loc, type, inShard, local, elsewhere),
          inShard};
}

/// `value` where `inShard`, which has its dimensions `dims`, and 0 elsewhere.
static Value zeroElsewhere(OpBuilder &builder, Location loc, Value value,
                           Value inShard, ArrayRef<int64_t> dims) {
  RankedTensorType type = typeOf(value);
  auto truth = RankedTensorType::get(type.getShape(), builder.getI1Type());
  if (inShard.getType() != truth)
    inShard = BroadcastOp::create(builder, loc, truth, inShard, dims);
  return SelectOp::create(builder, loc, type, inShard, value,
                          splat(builder, loc, type, 0));
}

/// Indices whose padding reads element 0: what padding holds is undefined, and
/// an index that the dimension does not have would be refused.
static Value maskIndices(OpBuilder &builder, Location loc, Value global,
                         Value local, const PartitionContext &context) {
  for (auto [dim, size] : llvm::enumerate(shapeOf(global))) {
    dist::AxesAttr axes = context.operandAxes(1, dim);
    if (size % axes.getNumShards(context.mesh) == 0)
      continue;
    auto zero = builder.getIntegerAttr(typeOf(local).getElementType(), 0);
    local = dist::MaskOp::create(builder, loc, local.getType(), local, dim,
                                 size, zero, context.meshRef.getValue(), axes);
  }
  return local;
}

/// The lookup `op` on a table sharded along `axis`; `dims` are the result
/// dimensions that are the indices' dimensions.
template <typename Op>
static LocalValues partitionLookup(Op op, OpBuilder &builder,
                                   ValueRange operands, RankedTensorType type,
                                   const PartitionContext &context,
                                   ArrayRef<int64_t> dims) {
  Location loc = op.getLoc();
  int64_t axis = op.getAxis();
  dist::AxesAttr axes = context.operandAxes(0, axis);
  Value indices =
      maskIndices(builder, loc, op.getIndices(), operands[1], context);
  if (axes.empty())
    return SmallVector<Value>{
        Op::create(builder, loc, type, operands[0], indices, axis)};
  LocalIndices local =
      localize(builder, loc, indices, shapeOf(op.getData())[axis],
               shapeOf(operands[0])[axis], axes, context);
  Value found =
      Op::create(builder, loc, type, operands[0], local.indices, axis);
  return SmallVector<Value>{
      zeroElsewhere(builder, loc, found, local.inShard, dims)};
}

/// The dimensions in which those of `indices` stand in place of `dim`.
static SmallVector<int64_t> dimsInPlaceOf(int64_t dim, Value indices) {
  return llvm::to_vector(llvm::seq(dim, dim + rankOf(indices)));
}

LocalValues TakeOp::partition(OpBuilder &builder, ValueRange operands,
                              ArrayRef<RankedTensorType> resultTypes,
                              const PartitionContext &context) {
  return partitionLookup(*this, builder, operands, resultTypes[0], context,
                         dimsInPlaceOf(getAxis(), getIndices()));
}

LocalValues TakeAlongOp::partition(OpBuilder &builder, ValueRange operands,
                                   ArrayRef<RankedTensorType> resultTypes,
                                   const PartitionContext &context) {
  return partitionLookup(*this, builder, operands, resultTypes[0], context, {});
}

LocalValues ScatterAddOp::partition(OpBuilder &builder, ValueRange operands,
                                    ArrayRef<RankedTensorType> resultTypes,
                                    const PartitionContext &context) {
  Location loc = getLoc();
  int64_t dim = getDim();
  Value indices = operands[0], updates = operands[1];
  dist::AxesAttr axes = context.resultAxes(0, dim);
  if (!axes.empty()) {
    LocalIndices local =
        localize(builder, loc, indices, shapeOf(getResult())[dim],
                 resultTypes[0].getDimSize(dim), axes, context);
    indices = local.indices;
    updates = zeroElsewhere(builder, loc, updates, local.inShard,
                            dimsInPlaceOf(dim, indices));
  }
  return SmallVector<Value>{ScatterAddOp::create(builder, loc, resultTypes[0],
                                                 indices, updates, dim)};
}
