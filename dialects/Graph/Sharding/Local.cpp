//===- Local.cpp - Building an op on one rank's shards ----------*- C++ -*-===//

#include "dialects/Graph/Sharding/Local.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

LocalValues graph::cloneLocal(Operation *op, OpBuilder &builder,
                              ValueRange operands,
                              ArrayRef<RankedTensorType> resultTypes) {
  IRMapping mapping;
  mapping.map(op->getOperands(), operands);
  Operation *local = op->clone(mapping);
  for (auto [result, type] : llvm::zip_equal(local->getResults(), resultTypes))
    result.setType(type);
  builder.insert(local);
  return SmallVector<Value>(local->getResults());
}

Value graph::splat(OpBuilder &builder, Location loc, RankedTensorType type,
                   double number) {
  Type element = type.getElementType();
  TypedAttr value;
  if (auto floatType = dyn_cast<FloatType>(element))
    value = builder.getFloatAttr(floatType, number);
  else
    value = builder.getIntegerAttr(element, static_cast<int64_t>(number));
  return ConstantOp::create(builder, loc, DenseElementsAttr::get(type, value));
}

Value graph::shardStart(OpBuilder &builder, Location loc, RankedTensorType type,
                        const dist::PartitionContext &context,
                        dist::AxesAttr axes, int64_t shard) {
  auto scalar = RankedTensorType::get({}, builder.getI64Type());
  Value index =
      dist::AxisIndexOp::create(builder, loc, scalar, context.meshRef, axes);
  Value size = splat(builder, loc, scalar, shard);
  Value start = MulOp::create(builder, loc, scalar, index, size);
  auto element = RankedTensorType::get({}, type.getElementType());
  if (element != scalar)
    start = CastOp::create(builder, loc, element, start);
  return BroadcastOp::create(builder, loc, type, start, ArrayRef<int64_t>());
}
