//===- Rotary.cpp - Elements of the rotary embedding ------------*- C++ -*-===//

#include "dialects/Graph/Lower/Lower.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

LoweringKind RotaryOp::getLoweringKind() { return LoweringKind::Cheap; }
bool RotaryOp::rereads(unsigned operand) { return true; }

/// The index of cos or sin for a pair of the input's last dimension.
static Value angle(ElementBuilder &builder, Value table, ArrayRef<Value> index,
                   Value pair) {
  ArrayRef<int64_t> shape = shapeOf(table);
  SmallVector<Value> at(index.take_back(shape.size()));
  for (auto [value, size] : llvm::zip_equal(at, shape))
    if (size == 1)
      value = builder.index(0);
  at.back() = pair;
  return builder.read(table, builder.at(shape, at));
}

Value RotaryOp::emitElement(ElementBuilder &builder, const Position &at) {
  OpBuilder &b = builder.builder;
  Location loc = builder.loc;
  Emit emit(builder);
  SmallVector<Value> index = builder.indices(at);
  int64_t pairs = shapeOf(getCos()).back();
  int64_t features = shapeOf(getInput()).back();
  Type type = computeType(typeOf(getResult()).getElementType());
  Value feature = index.back();
  Value x = builder.read(getInput(), at);
  auto other = [&](Value position) {
    SmallVector<Value> partner = index;
    partner.back() = position;
    return builder.read(getInput(), builder.at(shapeOf(getInput()), partner));
  };
  auto angles = [&](Value table, Value pair) {
    return emit.widen(angle(builder, table, index, pair), type);
  };
  auto arithmetic = [&](auto op, Value l, int64_t r) -> Value {
    return decltype(op)::create(b, loc, l, builder.index(r));
  };
  // b·cos + a·sin, or a·cos - b·sin with sin's sign turned.
  auto rotate = [&](Value partner, Value pair, Value sign) {
    Value sine = emit.mul(angles(getSin(), pair), sign);
    return emit.add(emit.mul(x, angles(getCos(), pair)),
                    emit.mul(partner, sine));
  };
  Value plus = builder.number(type, 1), minus = builder.number(type, -1);
  auto below = [&](int64_t limit) -> Value {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, feature,
                                 builder.index(limit));
  };
  auto rotated = [&]() -> Value {
    if (getInterleaved()) {
      Value pair = arithmetic(arith::DivUIOp(), feature, 2);
      Value bit = arithmetic(arith::AndIOp(), feature, 1);
      Value isFirst = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                            bit, builder.index(0));
      Value partner = arithmetic(arith::XOrIOp(), feature, 1);
      return rotate(other(partner), pair, emit.select(isFirst, minus, plus));
    }
    return builder.choose(
        below(pairs), type,
        [&] {
          Value partner = arithmetic(arith::AddIOp(), feature, pairs);
          return rotate(other(partner), feature, minus);
        },
        [&] {
          Value partner = arithmetic(arith::SubIOp(), feature, pairs);
          return rotate(other(partner), partner, plus);
        });
  };
  if (2 * pairs == features)
    return rotated();
  return builder.choose(below(2 * pairs), type, rotated, [&] { return x; });
}
