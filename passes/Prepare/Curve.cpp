//===- Curve.cpp - Functions of one variable --------------------*- C++ -*-===//

#include "passes/Prepare/Curve.h"
#include "passes/Prepare/Match.h"
#include "llvm/ADT/SetVector.h"
#include <cmath>

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::prepare;

/// Formulas of activations have at most so many operations.
static constexpr unsigned kMaxOps = 24;

static bool isAnalytic(Operation *op) {
  return isa<NegOp, ExpOp, LogOp, SqrtOp, RsqrtOp, ReciprocalOp, TanhOp, ErfOp,
             SigmoidOp, SiluOp, GeluOp, AddOp, SubOp, MulOp, DivOp, PowOp>(op);
}

static double apply(Operation *op, double x, double y) {
  if (isa<NegOp>(op))
    return -x;
  if (isa<ExpOp>(op))
    return std::exp(x);
  if (isa<LogOp>(op))
    return std::log(x);
  if (isa<SqrtOp>(op))
    return std::sqrt(x);
  if (isa<RsqrtOp>(op))
    return 1 / std::sqrt(x);
  if (isa<ReciprocalOp>(op))
    return 1 / x;
  if (isa<TanhOp>(op))
    return std::tanh(x);
  if (isa<ErfOp>(op))
    return std::erf(x);
  if (isa<SigmoidOp>(op))
    return 1 / (1 + std::exp(-x));
  if (isa<SiluOp>(op))
    return x / (1 + std::exp(-x));
  if (isa<AddOp>(op))
    return x + y;
  if (isa<SubOp>(op))
    return x - y;
  if (isa<MulOp>(op))
    return x * y;
  if (isa<DivOp>(op))
    return x / y;
  if (isa<PowOp>(op))
    return std::pow(x, y);
  return NAN; // A formula around an activation is none that is looked for.
}

namespace {
/// The ops between an input and a result, operands first.
class Formula {
public:
  /// Fails where another value than the input and scalars is needed.
  bool collect(Value value, Value input) {
    if (value == input || known.contains(value))
      return true;
    Operation *op = value.getDefiningOp();
    if (std::optional<double> number = scalarOf(value)) {
      known[value] = *number;
      return true;
    }
    if (!op || !isAnalytic(op) || ops.size() >= kMaxOps)
      return false;
    for (Value operand : op->getOperands())
      if (!collect(operand, input))
        return false;
    ops.push_back(op);
    known[value] = 0;
    return true;
  }

  double evaluate(Value input, double x) {
    known[input] = x;
    for (Operation *op : ops) {
      double first = known.lookup(op->getOperand(0));
      double second =
          op->getNumOperands() > 1 ? known.lookup(op->getOperand(1)) : 0;
      known[op->getResult(0)] = apply(op, first, second);
    }
    return known.lookup(ops.back()->getResult(0));
  }
  bool empty() const { return ops.empty(); }

private:
  SmallVector<Operation *> ops;
  llvm::DenseMap<Value, double> known;
};
} // namespace

static bool isCurve(Value result, Value input,
                    llvm::function_ref<double(double)> function) {
  Formula formula;
  if (result == input || !formula.collect(result, input) || formula.empty())
    return false;
  // Constants are rounded to the element type, and several add up.
  auto type = cast<FloatType>(typeOf(result).getElementType());
  double tolerance = std::max(
      1e-9, 16 * std::ldexp(1.0, -static_cast<int>(type.getFPMantissaWidth())));
  for (double x = -5.9; x < 6; x += 0.37) {
    double expected = function(x), actual = formula.evaluate(input, x);
    if (!(std::fabs(actual - expected) <= tolerance * (1 + std::fabs(x))))
      return false;
  }
  return true;
}

/// Values of one type reached from `inner` through analytic ops.
template <typename Next>
static llvm::SmallSetVector<Value, 16> reach(Value inner, Next next) {
  llvm::SmallSetVector<Value, 16> values;
  values.insert(inner);
  for (unsigned i = 0; i < values.size() && values.size() < kMaxOps; ++i)
    next(values[i], [&](Value value) {
      if (value.getType() == inner.getType())
        values.insert(value);
    });
  return values;
}

Curve prepare::findCurve(Value inner,
                         llvm::function_ref<double(double)> function) {
  auto results = reach(inner, [](Value value, auto add) {
    for (Operation *user : value.getUsers())
      if (isAnalytic(user))
        add(user->getResult(0));
  });
  auto inputs = reach(inner, [](Value value, auto add) {
    Operation *op = value.getDefiningOp();
    if (op && isAnalytic(op))
      for (Value operand : op->getOperands())
        add(operand);
  });
  for (Value result : llvm::reverse(results))
    for (Value input : inputs)
      if (isCurve(result, input, function))
        return {result, input};
  return {};
}
