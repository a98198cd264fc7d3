//===- Local.cpp - Elements of what a rank does alone -----------*- C++ -*-===//

#include "dialects/Dist/Dist.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;

LoweringKind ShardSliceOp::getLoweringKind() { return LoweringKind::Free; }
LoweringKind MaskOp::getLoweringKind() { return LoweringKind::Cheap; }
LoweringKind AxisIndexOp::getLoweringKind() { return LoweringKind::Free; }

/// `local` of the rank's shard of `length`, as an index of the whole.
static Value globalIndex(ElementBuilder &builder, Operation *op, Attribute mesh,
                         Attribute axes, Value local, int64_t length) {
  OpBuilder &b = builder.builder;
  Value rank = arith::IndexCastOp::create(b, builder.loc, b.getIndexType(),
                                          builder.groupIndex(op, mesh, axes));
  Value start =
      arith::MulIOp::create(b, builder.loc, rank, builder.index(length));
  return arith::AddIOp::create(b, builder.loc, start, local);
}

/// What lies past the end of the whole is undefined; it reads the last element.
Value ShardSliceOp::emitElement(ElementBuilder &builder, const Position &at) {
  auto input = cast<RankedTensorType>(getInput().getType());
  auto result = cast<RankedTensorType>(getResult().getType());
  int64_t dim = getDim(), length = result.getDimSize(dim);
  SmallVector<Value> index = builder.indices(at);
  Value global =
      globalIndex(builder, *this, getMeshAttr(), getAxes(), index[dim], length);
  MeshAttr mesh = lookupMesh(*this, getMeshAttr());
  if (length * getAxes().getNumShards(mesh) > input.getDimSize(dim))
    global = arith::MinUIOp::create(builder.builder, builder.loc, global,
                                    builder.index(input.getDimSize(dim) - 1));
  index[dim] = global;
  return builder.read(getInput(), builder.at(input.getShape(), index));
}

Value MaskOp::emitElement(ElementBuilder &builder, const Position &at) {
  OpBuilder &b = builder.builder;
  auto type = cast<RankedTensorType>(getInput().getType());
  SmallVector<Value> index = builder.indices(at);
  Value global = globalIndex(builder, *this, getMeshAttr(), getAxes(),
                             index[getDim()], type.getDimSize(getDim()));
  Value inside =
      arith::CmpIOp::create(b, builder.loc, arith::CmpIPredicate::ult, global,
                            builder.index(getSize()));
  Type compute = computeType(type.getElementType());
  TypedAttr value = getValue();
  if (auto number = dyn_cast<FloatAttr>(value))
    value = b.getFloatAttr(compute, number.getValueAsDouble());
  Value padding = arith::ConstantOp::create(b, builder.loc, value);
  return arith::SelectOp::create(b, builder.loc, inside,
                                 builder.read(getInput(), at), padding);
}

Value AxisIndexOp::emitElement(ElementBuilder &builder, const Position &at) {
  return builder.groupIndex(*this, getMeshAttr(), getAxes());
}
