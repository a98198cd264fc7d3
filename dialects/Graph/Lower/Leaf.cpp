//===- Leaf.cpp - Elements of parameters, constants and iota ----*- C++ -*-===//

#include "dialects/Graph/Lower/Lower.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

LoweringKind ParameterOp::getLoweringKind() { return LoweringKind::Free; }

/// Parameters lie in memory: whoever reads one has its buffer.
Value ParameterOp::emitElement(ElementBuilder &builder, const Position &at) {
  return builder.read(getResult(), at);
}

LoweringKind ConstantOp::getLoweringKind() { return LoweringKind::Free; }

/// Only constants of one value come here; others lie in memory.
Value ConstantOp::emitElement(ElementBuilder &builder, const Position &at) {
  auto value = cast<DenseElementsAttr>(getValue());
  Type type = value.getElementType(), compute = computeType(type);
  if (isa<FloatType>(type))
    return builder.number(compute,
                          value.getSplatValue<APFloat>().convertToDouble());
  return arith::ConstantOp::create(
      builder.builder, builder.loc,
      builder.builder.getIntegerAttr(type, value.getSplatValue<APInt>()));
}

LoweringKind IotaOp::getLoweringKind() { return LoweringKind::Free; }

Value IotaOp::emitElement(ElementBuilder &builder, const Position &at) {
  Emit emit(builder);
  return emit.fromIndex(builder.indices(at)[getDim()],
                        computeType(typeOf(getResult()).getElementType()));
}
