//===- Oracle.cpp - What a right program may give ---------------*- C++ -*-===//
//
// Comparisons, signs, casts to integers and argmax decide: where the bounds do
// not separate the alternatives, a right program may take the other one. What
// depends on such a decision is evaluated, but not compared, and counted.
//
//===----------------------------------------------------------------------===//
#include "Oracle.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/xxhash.h"
#include <cmath>

using namespace mlir;
using namespace vescale;
using namespace vescale::test;

/// Floats are either in [-1, 1) or away from zero, where logarithms, roots and
/// quotients are defined; their types hold them.
static Tensor drawTensor(RankedTensorType type, Random &random,
                         std::pair<int64_t, int64_t> range) {
  Tensor tensor(type);
  const Arithmetic &doubles = doubleArithmetic();
  Elements e(doubles, type.getElementType());
  bool positive = random() % 2;
  for (int64_t i = 0; i < tensor.getNumElements(); ++i) {
    if (!e.isFloat()) {
      tensor[i] = e.integer(
          range.first + int64_t(random() % (range.second - range.first + 1)));
      continue;
    }
    double number = static_cast<int64_t>(random()) * 0x1p-63;
    tensor[i] = e.number(positive ? 1.125 + 0.875 * number : number);
  }
  return tensor;
}

Values test::randomValues(const Generator &generator, uint64_t seed) {
  Values values;
  Random random(seed);
  func::FuncOp main = generator.main;
  for (auto [type, range] :
       llvm::zip_equal(main.getArgumentTypes(), generator.ranges))
    values.arguments.push_back(
        drawTensor(cast<RankedTensorType>(type), random, range));
  main.walk([&](graph::ParameterOp op) {
    values.parameters[op.getName()] =
        drawTensor(op.getStoredType(), random, {-4, 4});
  });
  return values;
}

double Coverage::share() const {
  int64_t all = checked + unbounded + undecided;
  return all == 0 ? 1 : double(checked) / all;
}

std::string Coverage::str() const {
  std::string text;
  llvm::raw_string_ostream(text)
      << checked << " elements compared, " << unbounded << " without a bound, "
      << undecided << " undecided";
  return text;
}

Tensor Oracle::lift(const Tensor &doubles) {
  Tensor tensor = doubles;
  if (isa<FloatType>(doubles.getElementType()))
    for (int64_t i = 0; i < tensor.getNumElements(); ++i)
      tensor[i] = arithmetic.given(doubleArithmetic().toDouble(doubles[i]));
  return tensor;
}

/// Whether the op is continuous although it compares.
static bool isContinuous(Operation *op) {
  return isa<graph::AbsOp, graph::MaxOp, graph::MinOp, graph::ReluOp,
             graph::ReduceOp, graph::PoolOp, graph::SoftmaxOp,
             graph::LogSoftmaxOp, graph::AttentionOp, graph::AttentionGradOp>(
      op);
}

/// Whether the op's result hangs on what a hidden key's weight of 0 is times an
/// infinite gradient, which is 0 to some and NaN to others.
static bool isUnsaid(Operation *op, ArrayRef<const Tensor *> operands,
                     const Bounds &arithmetic) {
  auto grad = dyn_cast<graph::AttentionGradOp>(op);
  if (!grad)
    return false;
  const Tensor &incoming = *operands[grad.getResultGradIndex()];
  for (int64_t i = 0; i < incoming.getNumElements(); ++i)
    if (const Bounds::Ball &ball = arithmetic.get(incoming[i]);
        !std::isfinite(ball.value) || std::isinf(ball.radius))
      return true;
  return false;
}

/// The float type that the op computes in, or else any of its types.
static Type elementOf(Operation *op) {
  for (Value result : op->getResults())
    if (Type type = graph::typeOf(result).getElementType();
        isa<FloatType>(type) || op->getNumOperands() == 0)
      return type;
  return graph::typeOf(op->getOperand(0)).getElementType();
}

LogicalResult Oracle::run(func::FuncOp function, const Values &values) {
  EvaluateContext context(arithmetic);
  context.loadParameter = [&](Operation *op) -> FailureOr<Tensor> {
    StringRef name = cast<graph::ParameterOp>(op).getName();
    return lift(values.parameters.find(name)->second);
  };
  llvm::DenseMap<Value, Result> known;
  arithmetic.enter(Float64Type::get(function.getContext()));
  for (auto [argument, tensor] :
       llvm::zip_equal(function.getArguments(), values.arguments))
    known[argument] = {lift(tensor), true};
  for (Operation &op : function.front().without_terminator()) {
    SmallVector<const Tensor *> operands;
    bool decided = true;
    for (Value operand : op.getOperands()) {
      operands.push_back(&known[operand].tensor);
      decided &= known[operand].decided;
    }
    arithmetic.enter(elementOf(&op));
    (void)arithmetic.takeAmbiguous();
    Tensors tensors = cast<EvaluateOpInterface>(op).evaluate(operands, context);
    if (failed(tensors))
      return failure();
    decided &= !arithmetic.takeAmbiguous() || isContinuous(&op);
    decided &= !isUnsaid(&op, operands, arithmetic);
    for (auto [result, tensor] : llvm::zip_equal(op.getResults(), *tensors))
      known[result] = {std::move(tensor), decided};
  }
  for (Value value : function.front().getTerminator()->getOperands())
    results.push_back(known[value]);
  return success();
}

std::string Oracle::compare(unsigned index, const Tensor &actual,
                            double allowed, Coverage &coverage) const {
  const auto &[expected, decided] = results[index];
  int64_t count = expected.getNumElements();
  if (!decided) {
    coverage.undecided += count;
    return {};
  }
  bool isFloat = isa<FloatType>(expected.getElementType());
  double largest = 0;
  for (int64_t i = 0; isFloat && i < count; ++i)
    if (double value = std::fabs(arithmetic.toDouble(expected[i]));
        std::isfinite(value))
      largest = std::fmax(largest, value);
  for (int64_t i = 0; i < count; ++i) {
    std::string text;
    llvm::raw_string_ostream os(text);
    os << "result " << index << ", element " << i << ", is ";
    if (!isFloat) {
      ++coverage.checked;
      if (expected[i] == actual[i])
        continue;
      os << int64_t(actual[i]) << ", should be " << int64_t(expected[i]);
      return text;
    }
    const Bounds::Ball &ball = arithmetic.get(expected[i]);
    if (std::isinf(ball.radius)) {
      ++coverage.unbounded;
      continue;
    }
    ++coverage.checked;
    double value = doubleArithmetic().toDouble(actual[i]);
    if (value == ball.value || (std::isnan(value) && std::isnan(ball.value)) ||
        std::fabs(value - ball.value) <=
            std::fmax(ball.radius, allowed * largest))
      continue;
    os << llvm::format("%.17g, should be %.17g within %.3g", value, ball.value,
                       std::fmax(ball.radius, allowed * largest));
    return text;
  }
  return {};
}
