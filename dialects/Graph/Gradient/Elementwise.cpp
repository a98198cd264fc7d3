//===- Elementwise.cpp - Derivatives of elementwise ops ---------*- C++ -*-===//
//
// dy is the result's gradient. What a formula reads of the forward program is
// kept until it is computed: the operand or the result, whichever makes it
// short. Where an op has a kink the derivative is PyTorch's: 0 for relu and abs
// at 0, half for each of two equal operands of max and min.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Gradient/Term.h"

#include "mlir/IR/Matchers.h"
#include <cmath>

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

VESCALE_NO_GRADIENT(SignOp)
VESCALE_NO_GRADIENT(FloorOp)
VESCALE_NO_GRADIENT(CeilOp)
VESCALE_NO_GRADIENT(RoundOp)
VESCALE_NO_GRADIENT(NotOp)
VESCALE_NO_GRADIENT(IsNanOp)
VESCALE_NO_GRADIENT(AndOp)
VESCALE_NO_GRADIENT(OrOp)
VESCALE_NO_GRADIENT(XorOp)
VESCALE_NO_GRADIENT(CompareOp)

/// An op of one operand x and a result y of its type.
#define VESCALE_UNARY_GRADIENT(OP, RESULT)                                     \
  VESCALE_CARRIES_FLOATS(OP)                                                   \
  LogicalResult OP::differentiate(GradientBuilder &gradients) {                \
    Term x(gradients, getInput()), y(gradients, getResult());                  \
    Term dy(gradients, gradients.result());                                    \
    gradients.set(0, RESULT);                                                  \
    return success();                                                          \
  }

/// An op of operands x and y and a result z of their type.
#define VESCALE_BINARY_GRADIENT(OP, LHS, RHS)                                  \
  VESCALE_CARRIES_FLOATS(OP)                                                   \
  LogicalResult OP::differentiate(GradientBuilder &gradients) {                \
    Term x(gradients, getLhs()), y(gradients, getRhs());                       \
    Term z(gradients, getResult()), dz(gradients, gradients.result());         \
    if (gradients.wants(0))                                                    \
      gradients.set(0, LHS);                                                   \
    if (gradients.wants(1))                                                    \
      gradients.set(1, RHS);                                                   \
    return success();                                                          \
  }

/// exp's result. Powers of differences to what many have in common, such as
/// their maximum, are part of a softmax: of these nothing but sums is in
/// memory, so they are computed anew.
static Term powersOf(ExpOp op, Term result) {
  auto difference = op.getInput().getDefiningOp<SubOp>();
  if (!difference || !difference.getRhs().getDefiningOp<BroadcastOp>())
    return result;
  Term exponents = result.make<SubOp>(difference.getLhs(), difference.getRhs());
  return result.make<ExpOp>(exponents);
}

/// With s = sigmoid(x): s · (1 + x · (1 - s)).
static Term siluSlope(Term x) {
  Term s = x.make<SigmoidOp>(x);
  return s * (x * (1.0 - s) + 1.0);
}

/// With Φ the normal distribution: Φ(x) + x · Φ'(x).
static Term exactGeluSlope(Term x) {
  Term area = x.make<ErfOp>(x * M_SQRT1_2) * 0.5 + 0.5;
  Term density = x.make<ExpOp>(x * x * -0.5) * (0.5 * M_2_SQRTPI * M_SQRT1_2);
  return area + x * density;
}

/// With u = √(2/π) · (x + 0.044715·x³) and t = tanh(u):
/// (1 + t) / 2 + x/2 · (1 - t²) · u'.
static Term tanhGeluSlope(Term x) {
  constexpr double root = M_2_SQRTPI * M_SQRT1_2, cubic = 0.044715;
  Term square = x * x;
  Term t = x.make<TanhOp>(x * (square * (root * cubic) + root));
  Term slope = square * (3 * root * cubic) + root;
  return (t + 1.0) * 0.5 + x * 0.5 * (1.0 - t * t) * slope;
}

VESCALE_UNARY_GRADIENT(NegOp, -dy)
VESCALE_UNARY_GRADIENT(AbsOp, dy *x.make<SignOp>(x))
VESCALE_UNARY_GRADIENT(ExpOp, dy *powersOf(*this, y))
VESCALE_UNARY_GRADIENT(LogOp, dy / x)
VESCALE_UNARY_GRADIENT(SqrtOp, dy / (y + y))
VESCALE_UNARY_GRADIENT(RsqrtOp, dy *(y * y * y * -0.5))
VESCALE_UNARY_GRADIENT(ReciprocalOp, -(dy * y * y))
VESCALE_UNARY_GRADIENT(TanhOp, dy * (1.0 - y * y))
VESCALE_UNARY_GRADIENT(ErfOp, dy *(x.make<ExpOp>(-(x *x)) * M_2_SQRTPI))
VESCALE_UNARY_GRADIENT(SinOp, dy *x.make<CosOp>(x))
VESCALE_UNARY_GRADIENT(CosOp, -(dy *x.make<SinOp>(x)))
VESCALE_UNARY_GRADIENT(SigmoidOp, dy *(y * (1.0 - y)))
VESCALE_UNARY_GRADIENT(ReluOp, keep(compare(Comparison::Gt, y, 0.0), dy))
VESCALE_UNARY_GRADIENT(SiluOp, dy *siluSlope(x))
VESCALE_UNARY_GRADIENT(GeluOp,
                       dy *(getApproximation() == GeluApproximation::None
                                ? exactGeluSlope(x)
                                : tanhGeluSlope(x)))
VESCALE_UNARY_GRADIENT(CastOp, dy.cast(x.element()))

/// x / y without what is behind the point.
static Term wholeQuotient(Term x, Term y) {
  Term quotient = x / y;
  return select(compare(Comparison::Lt, quotient, 0.0),
                x.make<CeilOp>(quotient), x.make<FloorOp>(quotient));
}

/// dz to the larger (or smaller) operand, half to each of equals.
static Term share(Term dz, Comparison wins, Term own, Term other) {
  Term half = keep(compare(Comparison::Eq, own, other), dz * 0.5);
  return select(compare(wins, own, other), dz, half);
}

VESCALE_BINARY_GRADIENT(AddOp, dz, dz)
VESCALE_BINARY_GRADIENT(SubOp, dz, -dz)
VESCALE_BINARY_GRADIENT(MulOp, dz *y, dz *x)
VESCALE_BINARY_GRADIENT(DivOp, dz / y, -(dz *z / y))
VESCALE_BINARY_GRADIENT(RemOp, dz, -(dz *wholeQuotient(x, y)))
VESCALE_BINARY_GRADIENT(MaxOp, share(dz, Comparison::Gt, x, y),
                        share(dz, Comparison::Gt, y, x))
VESCALE_BINARY_GRADIENT(MinOp, share(dz, Comparison::Lt, x, y),
                        share(dz, Comparison::Lt, y, x))

/// The number that every element of a constant has, through broadcasts.
static std::optional<double> splatValue(Value value) {
  while (auto broadcast = value.getDefiningOp<BroadcastOp>())
    value = broadcast.getInput();
  DenseElementsAttr elements;
  if (!matchPattern(value, m_Constant(&elements)) || !elements.isSplat())
    return std::nullopt;
  return elements.getSplatValue<APFloat>().convertToDouble();
}

/// y · x^(y-1); for a known exponent without a power where there is a shorter
/// way, and 0 for the exponent 0, whatever x is.
static Term baseSlope(Term x, Term y) {
  std::optional<double> exponent = splatValue(y);
  if (!exponent)
    return select(compare(Comparison::Eq, y, 0.0), x.number(0),
                  y * x.make<PowOp>(x, y + -1.0));
  if (*exponent == 0 || *exponent == 1)
    return x.number(*exponent);
  if (*exponent == 2)
    return x + x;
  Term power = x.make<PowOp>(x, x.number(*exponent - 1));
  return power * *exponent;
}

/// z · log(x); 0 to a power that is not negative stays 0.
static Term exponentSlope(Term x, Term y, Term z) {
  Term isZero = compare(Comparison::Eq, x, 0.0);
  Term stays = isZero.make<AndOp>(isZero, compare(Comparison::Ge, y, 0.0));
  return select(stays, x.number(0), z * x.make<LogOp>(x));
}

VESCALE_BINARY_GRADIENT(PowOp, dz *baseSlope(x, y), dz *exponentSlope(x, y, z))

bool SelectOp::carriesGradient(unsigned operand) {
  return operand != 0 && areFloats(*this, operand);
}

LogicalResult SelectOp::differentiate(GradientBuilder &gradients) {
  Term condition(gradients, getCondition()), dy(gradients, gradients.result());
  if (gradients.wants(1))
    gradients.set(1, keep(condition, dy));
  if (gradients.wants(2))
    gradients.set(2, select(condition, dy.number(0), dy));
  return success();
}
