//===- Elementwise.cpp - Arithmetic, comparison, logic, conversion --------===//

#include "lib/Frontend/Onnx/NodeContext.h"
#include "vescale/Support/Location.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;

namespace vescale::onnx {
namespace {

enum class Accepts { Floats, Numbers, Bits, Bools };

LogicalResult checkType(NodeContext &n, const Val &value, Accepts accepts) {
  bool ok = false;
  switch (accepts) {
  case Accepts::Floats:
    ok = value.isFloat();
    break;
  case Accepts::Numbers:
    ok = !value.isBool();
    break;
  case Accepts::Bits:
    ok = !value.isFloat();
    break;
  case Accepts::Bools:
    ok = value.isBool();
    break;
  }
  if (ok)
    return success();
  return n.error() << "an operand has the element type " << value.type()
                   << ", which this op does not take";
}

OpImporter unary(Unary kind, Accepts accepts) {
  return [=](NodeContext &n) -> LogicalResult {
    if (failed(checkType(n, n.in(0), accepts)))
      return failure();
    return n.set(n.e.unary(kind, n.in(0)));
  };
}

OpImporter binary(Binary kind, Accepts accepts) {
  return [=](NodeContext &n) -> LogicalResult {
    Val a = n.in(0), b = n.in(1);
    if (failed(n.unify(a, b)) || failed(checkType(n, a, accepts)))
      return failure();
    return n.set(n.e.binary(kind, a, b));
  };
}

OpImporter compare(graph::Comparison kind) {
  return [=](NodeContext &n) -> LogicalResult {
    Val a = n.in(0), b = n.in(1);
    if (failed(n.unify(a, b)))
      return failure();
    return n.set(n.e.compare(kind, a, b));
  };
}

/// Max, Min, Sum and Mean take any number of operands.
OpImporter variadic(Binary kind, bool mean) {
  return [=](NodeContext &n) -> LogicalResult {
    Val result = n.in(0);
    if (failed(checkType(n, result, Accepts::Numbers)))
      return failure();
    for (size_t i = 1; i < n.numInputs(); ++i) {
      Val next = n.in(i);
      if (next.absent())
        return n.fail("input " + Twine(i) + " is missing");
      if (failed(n.unify(result, next)))
        return failure();
      result = n.e.binary(kind, result, next);
    }
    if (mean)
      result = n.e.binary(Binary::Div, result, double(n.numInputs()));
    return n.set(result);
  };
}

LogicalResult importPow(NodeContext &n) {
  // Base and exponent may differ in type; the result has the base's.
  Val base = n.in(0), exponent = n.in(1);
  Type type = base.type();
  if (base.isBool() || exponent.isBool())
    return n.fail("an operand is boolean");
  // Whole numbers up to 2^53 are exact in f64.
  Type wide = base.isFloat() ? type : Builder(n.e.context()).getF64Type();
  base = n.e.cast(base, wide);
  exponent = n.e.cast(exponent, wide);
  if (failed(n.unify(base, exponent)))
    return failure();
  return n.set(n.e.cast(n.e.binary(Binary::Pow, base, exponent), type));
}

LogicalResult importMod(NodeContext &n) {
  Val a = n.in(0), b = n.in(1);
  if (failed(n.unify(a, b)) || failed(checkType(n, a, Accepts::Numbers)))
    return failure();
  Val rem = n.e.binary(Binary::Rem, a, b);
  if (n.integer("fmod", 0) != 0)
    return n.set(rem);
  // The result takes the divisor's sign: rem + b where the signs differ.
  Val zero = n.e.fillLike(a, 0);
  Val differ =
      n.e.binary(Binary::Xor, n.e.compare(graph::Comparison::Lt, rem, zero),
                 n.e.compare(graph::Comparison::Lt, b, zero));
  Val nonzero = n.e.compare(graph::Comparison::Ne, rem, zero);
  return n.set(n.e.select(n.e.binary(Binary::And, differ, nonzero),
                          n.e.binary(Binary::Add, rem, b), rem));
}

LogicalResult importWhere(NodeContext &n) {
  Val condition = n.in(0), yes = n.in(1), no = n.in(2);
  if (failed(checkType(n, condition, Accepts::Bools)) ||
      failed(n.unify(yes, no)))
    return failure();
  std::optional<Shape> shape = broadcastShapes(condition.shape(), yes.shape());
  if (!shape)
    return n.fail("the condition's shape " + describeShape(condition.shape()) +
                  " does not broadcast with " + describeShape(yes.shape()));
  return n.set(n.e.select(n.e.broadcastTo(condition, *shape),
                          n.e.broadcastTo(yes, *shape),
                          n.e.broadcastTo(no, *shape)));
}

LogicalResult importCast(NodeContext &n) {
  // Both speak of 8-bit floats only, which are refused by their names.
  n.ignore({"saturate", "round_mode"});
  FailureOr<Type> type = n.elementType(n.integer("to", 0));
  if (failed(type))
    return failure();
  return n.set(n.e.cast(n.in(0), *type));
}

LogicalResult importCastLike(NodeContext &n) {
  n.ignore({"saturate", "round_mode"});
  return n.set(n.e.cast(n.in(0), n.in(1).type()));
}

LogicalResult importClip(NodeContext &n) {
  Val result = n.in(0);
  if (failed(checkType(n, result, Accepts::Numbers)))
    return failure();
  for (auto [index, kind] : {std::pair(1, Binary::Max), {2, Binary::Min}}) {
    if (n.in(index).absent())
      continue;
    Val bound = n.in(index);
    if (bound.size() != 1)
      return n.fail("a bound must be a scalar, not of shape " +
                    describeShape(bound.shape()));
    bound = n.e.reshape(bound, {});
    if (failed(n.unify(result, bound)))
      return failure();
    result = n.e.binary(kind, result, bound);
  }
  return n.set(result);
}

LogicalResult importIsNan(NodeContext &n) {
  if (failed(checkType(n, n.in(0), Accepts::Floats)))
    return failure();
  return n.set(n.e.isNan(n.in(0)));
}

LogicalResult importIsInf(NodeContext &n) {
  const Val &x = n.in(0);
  if (failed(checkType(n, x, Accepts::Floats)))
    return failure();
  bool negative = n.integer("detect_negative", 1) != 0;
  bool positive = n.integer("detect_positive", 1) != 0;
  auto equals = [&](double value) {
    return n.e.compare(graph::Comparison::Eq, x, n.e.fillLike(x, value));
  };
  if (negative && positive)
    return n.set(n.e.binary(Binary::Or, equals(INFINITY), equals(-INFINITY)));
  if (!negative && !positive)
    return n.set(n.e.fill(n.e.i1(), x.shape(), 0));
  return n.set(equals(positive ? INFINITY : -INFINITY));
}

LogicalResult importIdentity(NodeContext &n) { return n.set(n.in(0)); }

/// The share that a dropout drops, if it is known: an input since operator set
/// 12, before that an attribute.
std::optional<double> dropoutRate(NodeContext &n) {
  constexpr double usual = 0.5;
  if (n.in(1).absent())
    return n.number("ratio", usual);
  Val ratio = n.knownInput(1);
  if (ratio.absent() || ratio.size() != 1 || !ratio.isFloat())
    return std::nullopt;
  return ratio.constant()->floats[0];
}

/// The node and its module, without the line that made it.
std::string describeOrigin(NodeContext &n) {
  mlir::Location location = n.e.getLocation();
  if (auto name = dyn_cast<NameLoc>(location))
    return name.getName().str();
  return describeLocation(location);
}

LogicalResult importDropout(NodeContext &n) {
  n.ignore({"seed"});
  const Val &x = n.in(0);
  std::optional<double> rate = dropoutRate(n);
  // Inference, unless training_mode says otherwise.
  Val training = n.in(2).absent() ? Val() : n.knownInput(2);
  if (!n.in(2).absent() &&
      (training.absent() || training.size() != 1 || !training.isBool()))
    return n.fail("whether it is in training mode is not known");
  bool isOn = !training.absent() && training.constant()->ints[0] != 0;
  if (!isOn || rate == 0.0) {
    if (rate && *rate > 0)
      n.getImporter().addDropoutOff(describeOrigin(n) + ", rate " +
                                    llvm::formatv("{0:f2}", *rate));
    if (failed(n.set(1, n.e.fill(n.e.i1(), x.shape(), 1))))
      return failure();
    return n.set(x);
  }
  if (!rate || !(*rate >= 0 && *rate < 1))
    return n.fail("the ratio of a dropout in training mode must be a number "
                  "from 0 up to, and not, 1");
  if (n.wantsOutput(1))
    return n.fail("the mask of a dropout in training mode is an output that is "
                  "not supported");
  if (!x.isFloat() || x.rank() == 0)
    return n.fail("the operand of a dropout in training mode must be a tensor "
                  "of floats");
  Builder builder(n.e.context());
  auto drop =
      graph::DropAttr::get(n.e.context(), builder.getF64FloatAttr(*rate), 0,
                           n.getImporter().numberDropout());
  return n.set(n.e.make<graph::DropoutOp>(x.type(), x.shape(), n.e.operand(x),
                                          mlir::Value(), mlir::Value(), drop));
}

} // namespace

void addElementwiseOps(OpRegistry &r) {
  r.add("Neg", 1, unary(Unary::Neg, Accepts::Numbers));
  r.add("Abs", 1, unary(Unary::Abs, Accepts::Numbers));
  r.add("Sign", 1, unary(Unary::Sign, Accepts::Numbers));
  r.add("Exp", 1, unary(Unary::Exp, Accepts::Floats));
  r.add("Log", 1, unary(Unary::Log, Accepts::Floats));
  r.add("Sqrt", 1, unary(Unary::Sqrt, Accepts::Floats));
  r.add("Reciprocal", 1, unary(Unary::Reciprocal, Accepts::Floats));
  r.add("Erf", 1, unary(Unary::Erf, Accepts::Floats));
  r.add("Sin", 1, unary(Unary::Sin, Accepts::Floats));
  r.add("Cos", 1, unary(Unary::Cos, Accepts::Floats));
  r.add("Floor", 1, unary(Unary::Floor, Accepts::Floats));
  r.add("Ceil", 1, unary(Unary::Ceil, Accepts::Floats));
  r.add("Round", 1, unary(Unary::Round, Accepts::Floats));
  r.add("Not", 1, unary(Unary::Not, Accepts::Bools));
  r.add("BitwiseNot", 1, unary(Unary::Not, Accepts::Bits));
  r.add("Add", 2, binary(Binary::Add, Accepts::Numbers));
  r.add("Sub", 2, binary(Binary::Sub, Accepts::Numbers));
  r.add("Mul", 2, binary(Binary::Mul, Accepts::Numbers));
  r.add("Div", 2, binary(Binary::Div, Accepts::Numbers));
  r.add("And", 2, binary(Binary::And, Accepts::Bools));
  r.add("Or", 2, binary(Binary::Or, Accepts::Bools));
  r.add("Xor", 2, binary(Binary::Xor, Accepts::Bools));
  r.add("BitwiseAnd", 2, binary(Binary::And, Accepts::Bits));
  r.add("BitwiseOr", 2, binary(Binary::Or, Accepts::Bits));
  r.add("BitwiseXor", 2, binary(Binary::Xor, Accepts::Bits));
  r.add("Max", 1, variadic(Binary::Max, /*mean=*/false));
  r.add("Min", 1, variadic(Binary::Min, /*mean=*/false));
  r.add("Sum", 1, variadic(Binary::Add, /*mean=*/false));
  r.add("Mean", 1, variadic(Binary::Add, /*mean=*/true));
  r.add("Pow", 2, importPow);
  r.add("Mod", 2, importMod);
  r.add("Equal", 2, compare(graph::Comparison::Eq));
  r.add("Less", 2, compare(graph::Comparison::Lt));
  r.add("LessOrEqual", 2, compare(graph::Comparison::Le));
  r.add("Greater", 2, compare(graph::Comparison::Gt));
  r.add("GreaterOrEqual", 2, compare(graph::Comparison::Ge));
  r.add("Where", 3, importWhere);
  r.add("Cast", 1, importCast);
  r.add("CastLike", 2, importCastLike);
  r.add("Clip", 1, importClip);
  r.add("IsNaN", 1, importIsNan);
  r.add("IsInf", 1, importIsInf);
  r.add("Identity", 1, importIdentity, 1, InputKind::Any);
  r.add("Dropout", 1, importDropout);
}

} // namespace vescale::onnx
