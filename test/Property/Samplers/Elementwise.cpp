//===- Elementwise.cpp - Random elementwise ops -----------------*- C++ -*-===//

#include "../Generator.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::test;

template <typename Op, ElementKind kind> static void sampleUnary(Generator &g) {
  Value x = g.any(kind);
  g.create<Op>(typeOf(x), x);
}

template <typename Op, ElementKind kind>
static void sampleBinary(Generator &g) {
  Value x = g.any(kind);
  Value y = g.value(shapeOf(x), typeOf(x).getElementType());
  g.create<Op>(typeOf(x), x, y);
}

static void sampleGelu(Generator &g) {
  Value x = g.any(ElementKind::Float);
  g.create<GeluOp>(typeOf(x), x,
                   g.dice.chance(50) ? GeluApproximation::None
                                     : GeluApproximation::Tanh);
}

static void sampleIsNan(Generator &g) {
  Value x = g.any(ElementKind::Float);
  g.create<IsNanOp>(g.type(shapeOf(x), g.builder.getI1Type()), x);
}

static void sampleCast(Generator &g) {
  Value x = g.any(ElementKind::Any);
  g.create<CastOp>(g.type(shapeOf(x), g.element(ElementKind::Any)), x);
}

static void sampleCompare(Generator &g) {
  Value x = g.any(ElementKind::Any);
  Value y = g.value(shapeOf(x), typeOf(x).getElementType());
  g.create<CompareOp>(g.type(shapeOf(x), g.builder.getI1Type()),
                      static_cast<Comparison>(g.dice.below(6)), x, y);
}

static void sampleSelect(Generator &g) {
  Value x = g.any(ElementKind::Any);
  Value y = g.value(shapeOf(x), typeOf(x).getElementType());
  Value condition = g.value(shapeOf(x), g.builder.getI1Type());
  g.create<SelectOp>(typeOf(x), condition, x, y);
}

template <typename Op, ElementKind kind> static Sampler unary() {
  return {Op::getOperationName(), sampleUnary<Op, kind>};
}
template <typename Op, ElementKind kind> static Sampler binary() {
  return {Op::getOperationName(), sampleBinary<Op, kind>};
}

void test::addElementwiseSamplers(SmallVectorImpl<Sampler> &samplers) {
  constexpr auto Float = ElementKind::Float, Number = ElementKind::Number,
                 Bits = ElementKind::Bits;
  samplers.append(
      {unary<NegOp, Number>(),        unary<AbsOp, Number>(),
       unary<SignOp, Number>(),       unary<ExpOp, Float>(),
       unary<LogOp, Float>(),         unary<SqrtOp, Float>(),
       unary<RsqrtOp, Float>(),       unary<ReciprocalOp, Float>(),
       unary<TanhOp, Float>(),        unary<ErfOp, Float>(),
       unary<SinOp, Float>(),         unary<CosOp, Float>(),
       unary<SigmoidOp, Float>(),     unary<FloorOp, Float>(),
       unary<CeilOp, Float>(),        unary<RoundOp, Float>(),
       unary<ReluOp, Number>(),       unary<SiluOp, Float>(),
       unary<NotOp, Bits>(),          binary<AddOp, Number>(),
       binary<SubOp, Number>(),       binary<MulOp, Number>(),
       binary<DivOp, Number>(),       binary<RemOp, Number>(),
       binary<PowOp, Float>(),        binary<MaxOp, Number>(),
       binary<MinOp, Number>(),       binary<AndOp, Bits>(),
       binary<OrOp, Bits>(),          binary<XorOp, Bits>(),
       {"graph.gelu", sampleGelu},    {"graph.is_nan", sampleIsNan},
       {"graph.cast", sampleCast},    {"graph.compare", sampleCompare},
       {"graph.select", sampleSelect}});
}
