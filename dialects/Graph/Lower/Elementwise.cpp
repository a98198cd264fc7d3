//===- Elementwise.cpp - Elements of elementwise ops ------------*- C++ -*-===//

#include "dialects/Graph/Lower/Lower.h"
#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

#define VESCALE_KIND(OP, KIND)                                                 \
  LoweringKind OP::getLoweringKind() { return LoweringKind::KIND; }

/// An op of one operand: KIND and the value from `x`, an Emitted of the
/// operand's compute type.
#define VESCALE_UNARY(OP, KIND, RESULT)                                        \
  VESCALE_KIND(OP, KIND)                                                       \
  Value OP::emitElement(ElementBuilder &builder, const Position &at) {         \
    Emit emit(builder);                                                        \
    Value x = builder.read(getInput(), at);                                    \
    return RESULT;                                                             \
  }

#define VESCALE_BINARY(OP, KIND, RESULT)                                       \
  VESCALE_KIND(OP, KIND)                                                       \
  Value OP::emitElement(ElementBuilder &builder, const Position &at) {         \
    Emit emit(builder);                                                        \
    Value x = builder.read(getLhs(), at), y = builder.read(getRhs(), at);      \
    return RESULT;                                                             \
  }

static Value sign(Emit &emit, Value x) {
  Value zero = emit.like(x, 0);
  Value negative =
      emit.select(emit.lt(x, zero), emit.like(x, -1), emit.like(x, 0));
  Value result = emit.select(emit.gt(x, zero), emit.like(x, 1), negative);
  if (!emit.isFloat(x))
    return result;
  return emit.select(emit.isNan(x), x, result);
}

static Value sigmoid(Emit &emit, Value x) {
  Value one = emit.like(x, 1);
  return emit.div(one, emit.add(one, emit.exp(emit.neg(x))));
}

static Value gelu(Emit &emit, GeluApproximation approximation, Value x) {
  Value half = emit.mul(x, emit.like(x, 0.5)), inner;
  if (approximation == GeluApproximation::None) {
    inner = emit.erf(emit.mul(x, emit.like(x, M_SQRT1_2)));
  } else {
    Value cube = emit.mul(emit.mul(emit.mul(x, x), x), emit.like(x, 0.044715));
    inner = emit.tanh(
        emit.mul(emit.add(x, cube), emit.like(x, M_2_SQRTPI * M_SQRT1_2)));
  }
  return emit.mul(half, emit.add(inner, emit.like(x, 1)));
}

static Value bitNot(Emit &emit, Value x) {
  return emit.bitXor(x, emit.like(x, -1));
}

VESCALE_UNARY(NegOp, Cheap, emit.neg(x))
VESCALE_UNARY(AbsOp, Cheap, emit.abs(x))
VESCALE_UNARY(SignOp, Cheap, sign(emit, x))
VESCALE_UNARY(ExpOp, Heavy, emit.exp(x))
VESCALE_UNARY(LogOp, Heavy, emit.log(x))
VESCALE_UNARY(SqrtOp, Heavy, emit.sqrt(x))
VESCALE_UNARY(RsqrtOp, Heavy, emit.div(emit.like(x, 1), emit.sqrt(x)))
VESCALE_UNARY(ReciprocalOp, Heavy, emit.div(emit.like(x, 1), x))
VESCALE_UNARY(TanhOp, Heavy, emit.tanh(x))
VESCALE_UNARY(ErfOp, Heavy, emit.erf(x))
VESCALE_UNARY(SinOp, Heavy, emit.sin(x))
VESCALE_UNARY(CosOp, Heavy, emit.cos(x))
VESCALE_UNARY(SigmoidOp, Heavy, sigmoid(emit, x))
VESCALE_UNARY(FloorOp, Cheap, emit.floor(x))
VESCALE_UNARY(CeilOp, Cheap, emit.ceil(x))
VESCALE_UNARY(RoundOp, Cheap, emit.round(x))
VESCALE_UNARY(ReluOp, Cheap, emit.max(x, emit.like(x, 0)))
VESCALE_UNARY(SiluOp, Heavy, emit.mul(x, sigmoid(emit, x)))
VESCALE_UNARY(NotOp, Cheap, bitNot(emit, x))
VESCALE_UNARY(GeluOp, Heavy, gelu(emit, getApproximation(), x))
VESCALE_UNARY(IsNanOp, Cheap, emit.isNan(x))
VESCALE_UNARY(CastOp, Cheap,
              emit.convert(x, typeOf(getInput()).getElementType(),
                           typeOf(getResult()).getElementType()))

VESCALE_BINARY(AddOp, Cheap, emit.add(x, y))
VESCALE_BINARY(SubOp, Cheap, emit.sub(x, y))
VESCALE_BINARY(MulOp, Cheap, emit.mul(x, y))
VESCALE_BINARY(DivOp, Cheap, emit.div(x, y))
VESCALE_BINARY(RemOp, Heavy, emit.rem(x, y))
VESCALE_BINARY(MaxOp, Cheap, emit.max(x, y))
VESCALE_BINARY(MinOp, Cheap, emit.min(x, y))
VESCALE_BINARY(AndOp, Cheap, emit.bitAnd(x, y))
VESCALE_BINARY(OrOp, Cheap, emit.bitOr(x, y))
VESCALE_BINARY(XorOp, Cheap, emit.bitXor(x, y))

VESCALE_KIND(PowOp, Heavy)
Value PowOp::emitElement(ElementBuilder &builder, const Position &at) {
  Emit emit(builder);
  Value x = builder.read(getLhs(), at);
  // Exponents that models use, without the general function.
  DenseElementsAttr exponent;
  if (matchPattern(getRhs(), m_Constant(&exponent)) && exponent.isSplat()) {
    double value = exponent.getSplatValue<APFloat>().convertToDouble();
    if (value == 0.5)
      return emit.sqrt(x);
    if (value == -0.5)
      return emit.div(emit.like(x, 1), emit.sqrt(x));
    if (value == -1)
      return emit.div(emit.like(x, 1), x);
    if (value >= 1 && value <= 4 && value == std::floor(value)) {
      Value result = x;
      for (int i = 1; i < value; ++i)
        result = emit.mul(result, x);
      return result;
    }
  }
  return emit.pow(x, builder.read(getRhs(), at));
}

VESCALE_KIND(CompareOp, Cheap)
Value CompareOp::emitElement(ElementBuilder &builder, const Position &at) {
  Emit emit(builder);
  return emit.compare(getComparison(), builder.read(getLhs(), at),
                      builder.read(getRhs(), at));
}

VESCALE_KIND(SelectOp, Cheap)
Value SelectOp::emitElement(ElementBuilder &builder, const Position &at) {
  Emit emit(builder);
  Value condition = builder.read(getCondition(), at);
  Value onTrue = builder.read(getOnTrue(), at);
  return emit.select(condition, onTrue, builder.read(getOnFalse(), at));
}
