//===- Elementwise.cpp - Evaluation of elementwise ops ----------*- C++ -*-===//

#include "dialects/Graph/Comparison.h"
#include "dialects/Graph/Evaluate/Evaluate.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

Tensor
graph::mapElements(Value result, Operands operands,
                   llvm::function_ref<Element(ArrayRef<Element>)> function) {
  Tensor tensor(typeOf(result));
  SmallVector<Element, 3> arguments(operands.size());
  for (int64_t i = 0; i < tensor.getNumElements(); ++i) {
    for (auto [argument, operand] : llvm::zip_equal(arguments, operands))
      argument = (*operand)[i];
    tensor[i] = function(arguments);
  }
  return tensor;
}

/// Defines OP::evaluate from an expression over `e`, the arithmetic of the
/// first operand's elements, and x, an array of the operands' elements.
#define VESCALE_EVALUATE(OP, EXPRESSION)                                       \
  Tensors OP::evaluate(Operands operands, EvaluateContext &context) {          \
    Elements e = context.elements(operands[0]->getElementType());              \
    return one(mapElements(getResult(), operands, [&](ArrayRef<Element> x) {   \
      return e.round(EXPRESSION);                                              \
    }));                                                                       \
  }

/// -1, 0 or 1 as the element is below, at or above zero; NaN stays.
static Element sign(const Elements &e, Element x) {
  std::optional<int> order = e.compare(x, e.integer(0));
  return order ? e.integer(*order) : x;
}
static Element absolute(const Elements &e, Element x) {
  std::optional<int> order = e.compare(x, e.integer(0));
  return order && *order < 0 ? e.neg(x) : x;
}

VESCALE_EVALUATE(NegOp, e.neg(x[0]))
VESCALE_EVALUATE(AbsOp, absolute(e, x[0]))
VESCALE_EVALUATE(SignOp, sign(e, x[0]))
VESCALE_EVALUATE(ExpOp, e.exp(x[0]))
VESCALE_EVALUATE(LogOp, e.apply(Function::Log, x[0]))
VESCALE_EVALUATE(SqrtOp, e.sqrt(x[0]))
VESCALE_EVALUATE(RsqrtOp, e.rsqrt(x[0]))
VESCALE_EVALUATE(ReciprocalOp, e.div(e.integer(1), x[0]))
VESCALE_EVALUATE(TanhOp, e.apply(Function::Tanh, x[0]))
VESCALE_EVALUATE(ErfOp, e.apply(Function::Erf, x[0]))
VESCALE_EVALUATE(SinOp, e.apply(Function::Sin, x[0]))
VESCALE_EVALUATE(CosOp, e.apply(Function::Cos, x[0]))
VESCALE_EVALUATE(SigmoidOp, e.sigmoid(x[0]))
VESCALE_EVALUATE(FloorOp, e.apply(Function::Floor, x[0]))
VESCALE_EVALUATE(CeilOp, e.apply(Function::Ceil, x[0]))
VESCALE_EVALUATE(RoundOp, e.apply(Function::Round, x[0]))
VESCALE_EVALUATE(ReluOp, e.max(x[0], e.integer(0)))
VESCALE_EVALUATE(SiluOp, e.mul(x[0], e.sigmoid(x[0])))
VESCALE_EVALUATE(NotOp, e.isBool() ? !x[0] : ~x[0])
VESCALE_EVALUATE(AddOp, e.add(x[0], x[1]))
VESCALE_EVALUATE(SubOp, e.sub(x[0], x[1]))
VESCALE_EVALUATE(MulOp, e.mul(x[0], x[1]))
VESCALE_EVALUATE(DivOp, e.div(x[0], x[1]))
VESCALE_EVALUATE(RemOp, e.rem(x[0], x[1]))
VESCALE_EVALUATE(PowOp, e.pow(x[0], x[1]))
VESCALE_EVALUATE(MaxOp, e.max(x[0], x[1]))
VESCALE_EVALUATE(MinOp, e.min(x[0], x[1]))
VESCALE_EVALUATE(AndOp, x[0] & x[1])
VESCALE_EVALUATE(OrOp, x[0] | x[1])
VESCALE_EVALUATE(XorOp, x[0] ^ x[1])
#undef VESCALE_EVALUATE

Tensors GeluOp::evaluate(Operands operands, EvaluateContext &context) {
  Elements e = context.elements(operands[0]->getElementType());
  Element half = e.number(0.5), unit = e.number(1);
  auto erf = [&](Element x) {
    return e.apply(Function::Erf, e.mul(x, e.number(0.70710678118654752)));
  };
  auto tanh = [&](Element x) {
    Element cube = e.mul(x, e.mul(x, x));
    Element inner = e.add(x, e.mul(e.number(0.044715), cube));
    return e.apply(Function::Tanh, e.mul(e.number(0.79788456080286536), inner));
  };
  bool exact = getApproximation() == GeluApproximation::None;
  return one(mapElements(getResult(), operands, [&](ArrayRef<Element> x) {
    Element gate = e.add(unit, exact ? erf(x[0]) : tanh(x[0]));
    return e.round(e.mul(e.mul(half, x[0]), gate));
  }));
}

Tensors IsNanOp::evaluate(Operands operands, EvaluateContext &context) {
  return one(mapElements(getResult(), operands, [&](ArrayRef<Element> x) {
    return Element(context.arithmetic.isNan(x[0]));
  }));
}

Tensors CastOp::evaluate(Operands operands, EvaluateContext &context) {
  Type fromType = operands[0]->getElementType();
  Type toType = typeOf(getResult()).getElementType();
  Elements from = context.elements(fromType), to = context.elements(toType);
  return one(mapElements(getResult(), operands, [&](ArrayRef<Element> x) {
    if (to.isBool())
      return Element(from.compare(x[0], from.integer(0)) != 0);
    if (!from.isFloat())
      return to.integer(x[0]);
    if (to.isFloat())
      return to.round(x[0]);
    return Element(
        context.arithmetic.toInteger(x[0], toType.getIntOrFloatBitWidth()));
  }));
}

Tensors CompareOp::evaluate(Operands operands, EvaluateContext &context) {
  Elements e = context.elements(operands[0]->getElementType());
  bool unordered = getComparison() == Comparison::Ne;
  return one(mapElements(getResult(), operands, [&](ArrayRef<Element> x) {
    std::optional<int> order = e.compare(x[0], x[1]);
    return Element(order ? holds(getComparison(), *order, 0) : unordered);
  }));
}

Tensors SelectOp::evaluate(Operands operands, EvaluateContext &) {
  return one(mapElements(getResult(), operands, [](ArrayRef<Element> x) {
    return x[0] ? x[1] : x[2];
  }));
}
