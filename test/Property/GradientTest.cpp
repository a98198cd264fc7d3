//===- GradientTest.cpp - Gradients equal finite differences ----*- C++ -*-===//
//
// Random programs are evaluated in f64, whatever their types. For each float
// input a random direction is drawn; the loss's derivative along it, from
// central differences of two steps, must be the inner product of direction and
// gradient. Where there is no gradient it must be zero, so that an op that
// carries none although it should is found too.
//
// Steps: with h and h/2 the error of the differences is known to be of the
// order h², so that they are extrapolated to one of order h⁴. A kink or a jump
// on the way shows in the one-sided differences, whose distance then does not
// halve with the step, or in central ones that do not agree; such cases are
// left out and counted. More than 30 % left out fail. Programs whose loss is
// not finite are replaced by others.
//
// VESCALE_PROPERTY_CASES=N runs N programs per property instead of the default,
// VESCALE_PROPERTY_SEED=S starts at another seed.
//
//===----------------------------------------------------------------------===//
#include "Gradients.h"
#include "mlir/IR/Verifier.h"
#include "vescale/Interpreter/Interpreter.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace mlir;
using namespace vescale;
using namespace vescale::test;

namespace {
class GradientTest : public testing::Test {
protected:
  GradientTest() {
    context.loadDialect<graph::GraphDialect, dist::DistDialect,
                        func::FuncDialect>();
    context.disableMultithreading();
    context.printOpOnDiagnostic(false);
  }

  /// What became of a program.
  enum class Outcome { Compared, NothingToDifferentiate, NotFinite, Wrong };
  Outcome run(Generator &g, bool positive, uint64_t seed);
  Outcome compare(Generator &g, const Gradients &derived, bool positive,
                  uint64_t seed);
  double share() const {
    return double(compared) / std::max<int64_t>(1, compared + leftOut);
  }

  int64_t compared = 0, leftOut = 0; // inputs
  std::string failure;
  MLIRContext context;
};

/// The loss as a function of the inputs.
class Loss {
public:
  Loss(func::FuncOp main)
      : main(main), parameters(doubleArithmetic(), {"", /*random=*/true, 1}),
        interpreter(doubleArithmetic(), parameters) {}

  FailureOr<Interpreter::Globals> run(ArrayRef<Tensor> arguments) {
    return interpreter.run(main, arguments);
  }
  /// The loss after a step from the arguments, of which one changes.
  double at(std::vector<Tensor> arguments, unsigned index,
            const Tensor &direction, double step) {
    const Arithmetic &doubles = doubleArithmetic();
    Tensor &moved = arguments[index];
    for (int64_t i = 0; i < moved.getNumElements(); ++i)
      moved[i] = doubles.fromDouble(doubles.toDouble(moved[i]) +
                                    step * doubles.toDouble(direction[i]));
    auto results = run(arguments);
    if (failed(results))
      return std::nan("");
    return doubles.toDouble((*results)[0][0]);
  }

private:
  func::FuncOp main;
  Parameters parameters;
  Interpreter interpreter;
};

/// Derivatives along a direction, from two steps.
struct Differences {
  double forward[2], backward[2];

  Differences(Loss &loss, ArrayRef<Tensor> arguments, unsigned index,
              const Tensor &direction, double here) {
    double step = 1e-4;
    for (int i = 0; i < 2; ++i, step /= 2) {
      forward[i] = (loss.at(arguments, index, direction, step) - here) / step;
      backward[i] = (here - loss.at(arguments, index, direction, -step)) / step;
    }
  }
  double central(int i) const { return (forward[i] + backward[i]) / 2; }
  double bend(int i) const { return std::fabs(forward[i] - backward[i]); }
  double extrapolated() const { return (4 * central(1) - central(0)) / 3; }
  bool isSmooth(double size) const {
    double noise = 1e-9 * (1 + size);
    return std::isfinite(bend(0)) && std::isfinite(bend(1)) &&
           bend(1) <= 0.6 * bend(0) + noise &&
           std::fabs(central(0) - central(1)) <=
               1e-5 * std::fabs(central(1)) + 100 * noise;
  }
};
} // namespace

/// Floats away from zero, where kinks, poles and branch points are.
static std::vector<Tensor> drawArguments(const Generator &g, bool positive,
                                         uint64_t seed) {
  Random random(seed);
  std::vector<Tensor> arguments;
  func::FuncOp main = g.main;
  for (auto [type, range] :
       llvm::zip_equal(main.getArgumentTypes(), g.ranges)) {
    Tensor tensor(cast<RankedTensorType>(type));
    Elements e(doubleArithmetic(), tensor.getElementType());
    for (int64_t i = 0; i < tensor.getNumElements(); ++i) {
      if (!e.isFloat()) {
        tensor[i] = e.integer(
            range.first + int64_t(random() % (range.second - range.first + 1)));
        continue;
      }
      double size = 1.25 + 0.75 * (static_cast<int64_t>(random()) * 0x1p-63);
      bool negative = !positive && random() % 2;
      tensor[i] = doubleArithmetic().fromDouble(negative ? -size : size);
    }
    arguments.push_back(std::move(tensor));
  }
  return arguments;
}

GradientTest::Outcome GradientTest::compare(Generator &g,
                                            const Gradients &derived,
                                            bool positive, uint64_t seed) {
  const Arithmetic &doubles = doubleArithmetic();
  std::vector<Tensor> arguments = drawArguments(g, positive, seed);
  Loss loss(g.main);
  auto results = loss.run(arguments);
  if (failed(results)) {
    failure = "the program cannot be evaluated";
    return Outcome::Wrong;
  }
  double here = doubles.toDouble((*results)[0][0]);
  if (!std::isfinite(here))
    return Outcome::NotFinite;
  Random random(seed + 1);
  unsigned next = 1;
  for (auto [value, gradient] :
       llvm::zip_equal(derived.values, derived.gradients)) {
    const Tensor *slope = gradient ? &(*results)[next++] : nullptr;
    auto argument = dyn_cast<BlockArgument>(value);
    if (!argument || graph::typeOf(value).getNumElements() == 0)
      continue;
    Tensor direction(graph::typeOf(value));
    double expected = 0, size = 0;
    for (int64_t i = 0; i < direction.getNumElements(); ++i) {
      double d = static_cast<int64_t>(random()) * 0x1p-63;
      direction[i] = doubles.fromDouble(d);
      double term = slope ? d * doubles.toDouble((*slope)[i]) : 0;
      expected += term;
      size += std::fabs(term);
    }
    unsigned index = argument.getArgNumber();
    Differences found(loss, arguments, index, direction, here);
    if (!found.isSmooth(std::fabs(here) + size)) {
      ++leftOut;
      continue;
    }
    ++compared;
    double actual = found.extrapolated();
    if (std::fabs(actual - expected) <=
        1e-6 * (size + std::fabs(actual)) + 1e-9 * (1 + std::fabs(here)))
      continue;
    llvm::raw_string_ostream(failure)
        << "along input " << index << " the loss changes by " << actual
        << ", the gradient says " << expected
        << (slope ? "" : " (there is none)");
    return Outcome::Wrong;
  }
  return Outcome::Compared;
}

GradientTest::Outcome GradientTest::run(Generator &g, bool positive,
                                        uint64_t seed) {
  std::string diagnostics;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    diagnostics += diagnostic.str() + "\n";
  });
  failure.clear();
  Outcome outcome = Outcome::Wrong;
  auto derived = addGradients(g);
  if (succeeded(derived) && llvm::none_of(derived->values, [](Value value) {
        return isa<BlockArgument>(value);
      }))
    return Outcome::NothingToDifferentiate;
  if (failed(derived))
    failure = "not differentiated";
  else if (failed(verify(*g.module)))
    failure = "the gradients are not legal";
  else
    outcome = compare(g, *derived, positive, seed);
  if (outcome == Outcome::Wrong)
    llvm::raw_string_ostream(failure) << "\nseed " << seed << "\n"
                                      << diagnostics << *g.module;
  return outcome;
}

/// Inputs can be moved, parameters can't; constants of narrow types are not
/// precise enough for differences.
static void narrowDown(Generator &g) {
  g.useParameters = g.useNarrowFloats = false;
}

/// Defined for positive numbers only.
static bool needsPositive(StringRef op) {
  return llvm::is_contained(
      {"graph.log", "graph.sqrt", "graph.rsqrt", "graph.pow"}, op);
}

TEST_F(GradientTest, EveryOp) {
  int64_t count = setting("VESCALE_PROPERTY_CASES", 40);
  uint64_t first = setting("VESCALE_PROPERTY_SEED", 1);
  for (const Sampler &sampler : allSamplers()) {
    compared = leftOut = 0;
    bool isDerivative = false, hasFloats = false;
    for (int64_t i = 0, tries = 0; i < count && tries < 10 * count; ++tries) {
      uint64_t seed = first + tries;
      Generator g(&context, seed, 2 + tries % 5);
      narrowDown(g);
      generate(g, sampler);
      if (hasDerivatives(g.main)) {
        isDerivative = true;
        break;
      }
      Outcome outcome = run(g, needsPositive(sampler.op), seed);
      if (outcome == Outcome::NothingToDifferentiate)
        continue;
      hasFloats = true;
      if (outcome == Outcome::NotFinite)
        continue;
      ++i;
      if (outcome == Outcome::Wrong) {
        ADD_FAILURE() << sampler.op.str() << ": " << failure;
        break;
      }
    }
    if (isDerivative || !hasFloats)
      continue;
    EXPECT_GT(compared, 0) << sampler.op.str();
    EXPECT_GE(share(), 0.7) << sampler.op.str() << ": of " << compared + leftOut
                            << " inputs " << leftOut << " are left out";
  }
}

TEST_F(GradientTest, Programs) {
  int64_t count = setting("VESCALE_PROPERTY_CASES", 1500);
  uint64_t first = setting("VESCALE_PROPERTY_SEED", 1);
  int64_t programs = 0;
  for (int64_t i = 0; i < count; ++i) {
    Generator g(&context, first + i, 2 + i % 5);
    narrowDown(g);
    generateProgram(g, g.dice.between(2, 8));
    if (hasDerivatives(g.main))
      continue;
    Outcome outcome = run(g, /*positive=*/g.dice.chance(70), first + i);
    ASSERT_NE(outcome, Outcome::Wrong) << failure;
    programs += outcome == Outcome::Compared;
  }
  std::cout << programs << " programs: " << compared << " inputs compared, "
            << leftOut << " left out\n";
  EXPECT_GE(share(), 0.7);
}
