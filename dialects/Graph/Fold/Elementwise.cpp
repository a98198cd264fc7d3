//===- Elementwise.cpp - Folding of elementwise ops -------------*- C++ -*-===//
//
// Constants are computed in double precision and rounded to the element type.
// Identities hold up to the sign of zero: x + 0 and x · 1 are x. They fold only
// where types agree, layout included.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Comparison.h"
#include "dialects/Graph/Fold/Elements.h"
#include <cmath>

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

//===----------------------------------------------------------------------===//
// Unary
//===----------------------------------------------------------------------===//

static Attribute foldUnary(Attribute operand, Value result,
                           double (*onFloat)(double)) {
  std::optional<ConstantElements> x = ConstantElements::read(operand);
  if (!x || !x->isFloat())
    return {};
  return foldFloats(typeOf(result), *x,
                    [&](int64_t i) { return onFloat(x->number(i)); });
}

static Attribute foldUnary(Attribute operand, Value result,
                           double (*onFloat)(double),
                           int64_t (*onInt)(int64_t)) {
  std::optional<ConstantElements> x = ConstantElements::read(operand);
  if (!x || x->isFloat())
    return foldUnary(operand, result, onFloat);
  return foldInts(typeOf(result), *x,
                  [&](int64_t i) { return onInt(x->integer(i)); });
}

static int64_t negated(int64_t x) {
  return static_cast<int64_t>(0 - uint64_t(x));
}
static double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

#define VESCALE_FOLD_FLOAT(OP, EXPRESSION)                                     \
  OpFoldResult OP::fold(FoldAdaptor adaptor) {                                 \
    return foldUnary(                                                          \
        adaptor.getInput(), getResult(),                                       \
        +[](double x) -> double { return EXPRESSION; });                       \
  }
VESCALE_FOLD_FLOAT(ExpOp, std::exp(x))
VESCALE_FOLD_FLOAT(LogOp, std::log(x))
VESCALE_FOLD_FLOAT(SqrtOp, std::sqrt(x))
VESCALE_FOLD_FLOAT(RsqrtOp, 1 / std::sqrt(x))
VESCALE_FOLD_FLOAT(ReciprocalOp, 1 / x)
VESCALE_FOLD_FLOAT(TanhOp, std::tanh(x))
VESCALE_FOLD_FLOAT(ErfOp, std::erf(x))
VESCALE_FOLD_FLOAT(SinOp, std::sin(x))
VESCALE_FOLD_FLOAT(CosOp, std::cos(x))
VESCALE_FOLD_FLOAT(SigmoidOp, sigmoid(x))
VESCALE_FOLD_FLOAT(FloorOp, std::floor(x))
VESCALE_FOLD_FLOAT(CeilOp, std::ceil(x))
VESCALE_FOLD_FLOAT(RoundOp, std::nearbyint(x))
VESCALE_FOLD_FLOAT(SiluOp, x *sigmoid(x))
#undef VESCALE_FOLD_FLOAT

OpFoldResult NegOp::fold(FoldAdaptor adaptor) {
  if (auto inner = getInput().getDefiningOp<NegOp>())
    if (inner.getInput().getType() == getType())
      return inner.getInput();
  return foldUnary(
      adaptor.getInput(), getResult(), +[](double x) { return -x; }, negated);
}
OpFoldResult AbsOp::fold(FoldAdaptor adaptor) {
  return foldUnary(
      adaptor.getInput(), getResult(), +[](double x) { return std::fabs(x); },
      +[](int64_t x) { return x < 0 ? negated(x) : x; });
}
OpFoldResult SignOp::fold(FoldAdaptor adaptor) {
  return foldUnary(
      adaptor.getInput(), getResult(),
      +[](double x) { return x > 0   ? 1.0
                             : x < 0 ? -1.0
                                     : x; },
      +[](int64_t x) { return static_cast<int64_t>((x > 0) - (x < 0)); });
}
OpFoldResult ReluOp::fold(FoldAdaptor adaptor) {
  if (getInput().getDefiningOp<ReluOp>() && getInput().getType() == getType())
    return getInput();
  return foldUnary(
      adaptor.getInput(), getResult(),
      +[](double x) { return x < 0 ? 0.0 : x; },
      +[](int64_t x) { return std::max<int64_t>(x, 0); });
}

OpFoldResult GeluOp::fold(FoldAdaptor adaptor) {
  if (getApproximation() == GeluApproximation::None)
    return foldUnary(
        adaptor.getInput(), getResult(),
        +[](double x) { return x / 2 * (1 + std::erf(x * M_SQRT1_2)); });
  return foldUnary(
      adaptor.getInput(), getResult(), +[](double x) {
        return x / 2 *
               (1 +
                std::tanh(M_SQRT1_2 * M_2_SQRTPI * (x + 0.044715 * x * x * x)));
      });
}

OpFoldResult NotOp::fold(FoldAdaptor adaptor) {
  if (auto inner = getInput().getDefiningOp<NotOp>())
    if (inner.getInput().getType() == getType())
      return inner.getInput();
  std::optional<ConstantElements> x =
      ConstantElements::read(adaptor.getInput());
  if (!x)
    return {};
  return foldInts(typeOf(getResult()), *x,
                  [&](int64_t i) { return ~x->integer(i); });
}

OpFoldResult IsNanOp::fold(FoldAdaptor adaptor) {
  std::optional<ConstantElements> x =
      ConstantElements::read(adaptor.getInput());
  if (!x)
    return {};
  return foldInts(typeOf(getResult()), *x,
                  [&](int64_t i) { return std::isnan(x->number(i)); });
}

//===----------------------------------------------------------------------===//
// Binary
//===----------------------------------------------------------------------===//

using FloatFunction = double (*)(double, double);
using IntFunction = int64_t (*)(int64_t, int64_t);

/// `onFloat` or `onInt` is null where the op does not take such elements.
static Attribute foldBinary(Attribute lhs, Attribute rhs, Value result,
                            FloatFunction onFloat, IntFunction onInt) {
  std::optional<ConstantElements> x = ConstantElements::read(lhs),
                                  y = ConstantElements::read(rhs);
  if (!x || !y || x->type != y->type)
    return {};
  if (x->isFloat())
    return foldFloats(typeOf(result), {*x, *y}, [&](int64_t i) {
      return onFloat(x->number(i), y->number(i));
    });
  return foldInts(typeOf(result), {*x, *y}, [&](int64_t i) {
    return onInt(x->integer(i), y->integer(i));
  });
}

/// Whether the attribute is the number everywhere.
static bool is(Attribute value, double number) {
  return splatNumber(value) == number;
}

/// The operand if it can stand for the result.
static OpFoldResult keep(Value operand, Value result) {
  return operand.getType() == result.getType() ? operand : Value();
}

/// `keep`, or what remains to be tried where types differ.
#define VESCALE_KEEP_IF(CONDITION, OPERAND)                                    \
  if (CONDITION)                                                               \
    if (OpFoldResult kept = keep(OPERAND, getResult()))                        \
      return kept;

OpFoldResult AddOp::fold(FoldAdaptor adaptor) {
  VESCALE_KEEP_IF(is(adaptor.getRhs(), 0), getLhs());
  VESCALE_KEEP_IF(is(adaptor.getLhs(), 0), getRhs());
  return foldBinary(
      adaptor.getLhs(), adaptor.getRhs(), getResult(),
      +[](double x, double y) { return x + y; },
      +[](int64_t x, int64_t y) { return int64_t(uint64_t(x) + uint64_t(y)); });
}

OpFoldResult SubOp::fold(FoldAdaptor adaptor) {
  VESCALE_KEEP_IF(is(adaptor.getRhs(), 0), getLhs());
  return foldBinary(
      adaptor.getLhs(), adaptor.getRhs(), getResult(),
      +[](double x, double y) { return x - y; },
      +[](int64_t x, int64_t y) { return int64_t(uint64_t(x) - uint64_t(y)); });
}

OpFoldResult MulOp::fold(FoldAdaptor adaptor) {
  VESCALE_KEEP_IF(is(adaptor.getRhs(), 1), getLhs());
  VESCALE_KEEP_IF(is(adaptor.getLhs(), 1), getRhs());
  return foldBinary(
      adaptor.getLhs(), adaptor.getRhs(), getResult(),
      +[](double x, double y) { return x * y; },
      +[](int64_t x, int64_t y) { return int64_t(uint64_t(x) * uint64_t(y)); });
}

/// Integers that a division by zero or an overflow leaves without a value stay.
static bool divides(Attribute lhs, Attribute rhs) {
  std::optional<ConstantElements> y = ConstantElements::read(rhs);
  return y && ConstantElements::read(lhs) &&
         (y->isFloat() ||
          llvm::all_of(y->ints, [](int64_t v) { return v != 0 && v != -1; }));
}

OpFoldResult DivOp::fold(FoldAdaptor adaptor) {
  VESCALE_KEEP_IF(is(adaptor.getRhs(), 1), getLhs());
  if (!divides(adaptor.getLhs(), adaptor.getRhs()))
    return {};
  return foldBinary(
      adaptor.getLhs(), adaptor.getRhs(), getResult(),
      +[](double x, double y) { return x / y; },
      +[](int64_t x, int64_t y) { return x / y; });
}

OpFoldResult RemOp::fold(FoldAdaptor adaptor) {
  if (!divides(adaptor.getLhs(), adaptor.getRhs()))
    return {};
  return foldBinary(
      adaptor.getLhs(), adaptor.getRhs(), getResult(),
      +[](double x, double y) { return std::fmod(x, y); },
      +[](int64_t x, int64_t y) { return x % y; });
}

OpFoldResult PowOp::fold(FoldAdaptor adaptor) {
  VESCALE_KEEP_IF(is(adaptor.getRhs(), 1), getLhs());
  return foldBinary(
      adaptor.getLhs(), adaptor.getRhs(), getResult(),
      +[](double x, double y) { return std::pow(x, y); }, nullptr);
}

static double maxOf(double x, double y) {
  return std::isnan(x) || std::isnan(y) ? NAN : std::max(x, y);
}
static double minOf(double x, double y) {
  return std::isnan(x) || std::isnan(y) ? NAN : std::min(x, y);
}

OpFoldResult MaxOp::fold(FoldAdaptor adaptor) {
  VESCALE_KEEP_IF(getLhs() == getRhs(), getLhs());
  return foldBinary(
      adaptor.getLhs(), adaptor.getRhs(), getResult(), maxOf,
      +[](int64_t x, int64_t y) { return std::max(x, y); });
}
OpFoldResult MinOp::fold(FoldAdaptor adaptor) {
  VESCALE_KEEP_IF(getLhs() == getRhs(), getLhs());
  return foldBinary(
      adaptor.getLhs(), adaptor.getRhs(), getResult(), minOf,
      +[](int64_t x, int64_t y) { return std::min(x, y); });
}

/// All bits set, which for i1 is true.
static bool isOnes(Attribute value) {
  auto dense = dyn_cast_or_null<DenseElementsAttr>(value);
  return dense && dense.isSplat() && dense.getSplatValue<APInt>().isAllOnes();
}

OpFoldResult AndOp::fold(FoldAdaptor adaptor) {
  VESCALE_KEEP_IF(isOnes(adaptor.getRhs()) || getLhs() == getRhs(), getLhs());
  VESCALE_KEEP_IF(isOnes(adaptor.getLhs()), getRhs());
  VESCALE_KEEP_IF(is(adaptor.getLhs(), 0), getLhs());
  VESCALE_KEEP_IF(is(adaptor.getRhs(), 0), getRhs());
  return foldBinary(
      adaptor.getLhs(), adaptor.getRhs(), getResult(), nullptr,
      +[](int64_t x, int64_t y) { return x & y; });
}
OpFoldResult OrOp::fold(FoldAdaptor adaptor) {
  VESCALE_KEEP_IF(is(adaptor.getRhs(), 0) || getLhs() == getRhs(), getLhs());
  VESCALE_KEEP_IF(is(adaptor.getLhs(), 0), getRhs());
  VESCALE_KEEP_IF(isOnes(adaptor.getLhs()), getLhs());
  VESCALE_KEEP_IF(isOnes(adaptor.getRhs()), getRhs());
  return foldBinary(
      adaptor.getLhs(), adaptor.getRhs(), getResult(), nullptr,
      +[](int64_t x, int64_t y) { return x | y; });
}
OpFoldResult XorOp::fold(FoldAdaptor adaptor) {
  VESCALE_KEEP_IF(is(adaptor.getRhs(), 0), getLhs());
  VESCALE_KEEP_IF(is(adaptor.getLhs(), 0), getRhs());
  return foldBinary(
      adaptor.getLhs(), adaptor.getRhs(), getResult(), nullptr,
      +[](int64_t x, int64_t y) { return x ^ y; });
}

//===----------------------------------------------------------------------===//
// Comparison and selection
//===----------------------------------------------------------------------===//

OpFoldResult CompareOp::fold(FoldAdaptor adaptor) {
  RankedTensorType type = typeOf(getResult());
  bool isFloat = isa<FloatType>(typeOf(getLhs()).getElementType());
  if (getLhs() == getRhs() && !isFloat && !type.getEncoding() &&
      type.getNumElements() > 0)
    return DenseElementsAttr::get(type, holds(getComparison(), 0, 0));
  std::optional<ConstantElements> x = ConstantElements::read(adaptor.getLhs()),
                                  y = ConstantElements::read(adaptor.getRhs());
  if (!x || !y)
    return {};
  return foldInts(type, {*x, *y}, [&](int64_t i) -> int64_t {
    return isFloat ? holds(getComparison(), x->number(i), y->number(i))
                   : holds(getComparison(), x->integer(i), y->integer(i));
  });
}

OpFoldResult SelectOp::fold(FoldAdaptor adaptor) {
  VESCALE_KEEP_IF(getOnTrue() == getOnFalse(), getOnTrue());
  VESCALE_KEEP_IF(isOnes(adaptor.getCondition()), getOnTrue());
  VESCALE_KEEP_IF(is(adaptor.getCondition(), 0), getOnFalse());
  std::optional<ConstantElements> c = ConstantElements::read(
                                      adaptor.getCondition()),
                                  x = ConstantElements::read(
                                      adaptor.getOnTrue()),
                                  y = ConstantElements::read(
                                      adaptor.getOnFalse());
  if (!c || !x || !y)
    return {};
  if (x->isFloat())
    return foldFloats(typeOf(getResult()), {*c, *x, *y}, [&](int64_t i) {
      return c->integer(i) ? x->number(i) : y->number(i);
    });
  return foldInts(typeOf(getResult()), {*c, *x, *y}, [&](int64_t i) {
    return c->integer(i) ? x->integer(i) : y->integer(i);
  });
}
#undef VESCALE_KEEP_IF
