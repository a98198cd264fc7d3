//===- PartitionTest.cpp - Partitioned programs equal the whole -*- C++ -*-===//
//
// Random programs over all ops, random meshes, random legal layouts: on all
// ranks the partitioned program must give exactly what the program gives on one
// device, in the field; and evaluated in f64, to 1e-12 of the largest value or
// to the bound of its rounding errors where cancellation makes that larger
// (Bounds.h). Either every value has its layout from the start, or a few have
// one and propagation completes them. Programs are taken as they are, some with
// more of what regroups dimensions, or with the gradients of a loss.
//
// VESCALE_PROPERTY_CASES=N runs N programs per property instead of the default,
// VESCALE_PROPERTY_SEED=S starts at another seed.
//
//===----------------------------------------------------------------------===//
#include "Gradients.h"
#include "Layouts.h"
#include "Oracle.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Partition/Passes.h"
#include "passes/Plan/Passes.h"
#include "vescale/Interpreter/Interpreter.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::test;

namespace {
/// Who gives values their layouts.
enum class Layouts { Random, Propagated };

enum class Kind { Plain, Regrouping, Differentiated };

/// One random program and what became of it.
struct Case {
  uint64_t seed;
  int64_t size;
  Layouts layouts;
  Kind kind;
  const Sampler *sampler = nullptr; // null: a program of several ops
  std::string failure = {};         // empty if the property holds
  std::string program = {};         // with layouts

  std::string str() const {
    return failure + "\nseed " + std::to_string(seed) + ", size " +
           std::to_string(size) + "\n" + program;
  }
};

class PartitionTest : public testing::Test {
protected:
  PartitionTest() {
    context.loadDialect<graph::GraphDialect, dist::DistDialect,
                        func::FuncDialect>();
    context.disableMultithreading();
    context.printOpOnDiagnostic(false);
  }

  void run(Case &test);
  bool differentiate(Case &test, Generator &g);
  std::string compareInField(ModuleOp whole, ModuleOp local, const Generator &g,
                             uint64_t seed);
  std::string compareInDoubles(ModuleOp local, const Generator &g,
                               uint64_t seed);
  void sweep(const Sampler *sampler, Layouts layouts, Kind kind = Kind::Plain);

  int64_t count = 0;
  int64_t tested = 0; // programs that had what is tested
  Coverage coverage;  // in f64
  uint64_t firstSeed = setting("VESCALE_PROPERTY_SEED", 1);

  MLIRContext context;
};
} // namespace

/// Why two tensors of field elements differ, or nothing.
static std::string difference(const Tensor &expected, const Tensor &actual) {
  Elements e(fieldArithmetic(), expected.getElementType());
  for (int64_t i = 0; i < expected.getNumElements(); ++i)
    if (expected[i] != actual[i])
      return "element " + std::to_string(i) + " is " + e.str(actual[i]) +
             ", should be " + e.str(expected[i]);
  return {};
}

std::string PartitionTest::compareInField(ModuleOp whole, ModuleOp local,
                                          const Generator &g, uint64_t seed) {
  auto main = whole.lookupSymbol<func::FuncOp>("main");
  Random random(seed);
  std::vector<Tensor> arguments;
  for (auto [type, range] :
       llvm::zip_equal(main.getArgumentTypes(), g.ranges)) {
    Tensor tensor(cast<RankedTensorType>(type));
    Elements e(fieldArithmetic(), tensor.getElementType());
    for (int64_t i = 0; i < tensor.getNumElements(); ++i)
      tensor[i] =
          e.isFloat()
              ? e.random(random)
              : e.integer(range.first +
                          int64_t(random() % (range.second - range.first + 1)));
    arguments.push_back(std::move(tensor));
  }
  Parameters parameters(fieldArithmetic(), {"", /*random=*/true, seed});
  Interpreter interpreter(fieldArithmetic(), parameters, seed);
  auto expected = interpreter.run(main, arguments);
  if (failed(expected))
    return "the program cannot be evaluated";
  auto actual = interpreter.runOnRanks(local.lookupSymbol<func::FuncOp>("main"),
                                       arguments);
  if (failed(actual))
    return "the partitioned program cannot be evaluated";
  for (auto [index, tensor] : llvm::enumerate(*expected)) {
    std::string text = difference(tensor, (*actual)[index]);
    if (!text.empty())
      return "result " + std::to_string(index) + ": " + text;
  }
  return {};
}

std::string PartitionTest::compareInDoubles(ModuleOp local, const Generator &g,
                                            uint64_t seed) {
  Values values = randomValues(g, seed);
  Oracle oracle(Bounds::Precision::Double, /*split=*/true);
  if (failed(oracle.run(g.main, values)))
    return "the program cannot be evaluated";
  Parameters parameters(doubleArithmetic(), {});
  for (auto &entry : values.parameters)
    parameters.give(entry.getKey(), entry.getValue());
  Interpreter interpreter(doubleArithmetic(), parameters, seed);
  auto actual = interpreter.runOnRanks(local.lookupSymbol<func::FuncOp>("main"),
                                       values.arguments);
  if (failed(actual))
    return "the partitioned program cannot be evaluated";
  for (auto [index, tensor] : llvm::enumerate(*actual))
    if (std::string why = oracle.compare(index, tensor, 1e-12, coverage);
        !why.empty())
      return "in f64: " + why;
  return {};
}

/// Whether the program can be tested with its gradients, which it then returns.
bool PartitionTest::differentiate(Case &test, Generator &g) {
  if (hasDerivatives(g.main))
    return false;
  auto derived = addGradients(g);
  if (failed(derived))
    test.failure = "not differentiated";
  return succeeded(derived) && !derived->values.empty();
}

void PartitionTest::run(Case &test) {
  CrashNote note(test.seed, test.size);
  std::string diagnostics;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    diagnostics += diagnostic.str() + "\n";
  });
  Generator g(&context, test.seed, test.size);
  if (test.sampler)
    generate(g, *test.sampler);
  else if (test.kind == Kind::Regrouping)
    generateRegrouping(g, g.dice.between(1, 1 + test.size));
  else
    generateProgram(g, g.dice.between(1, 1 + test.size));
  if (test.kind == Kind::Differentiated && !differentiate(test, g)) {
    test.failure += diagnostics;
    return;
  }
  ++tested;
  OwningOpRef<ModuleOp> local = g.module->clone();
  Dice dice(g.dice.seed());
  dist::MeshAttr mesh = addMesh(*local, dice);
  auto main = local->lookupSymbol<func::FuncOp>("main");
  PassManager passes(&context);
  if (test.layouts == Layouts::Random) {
    addLayouts(main, mesh, dice);
  } else {
    addSeeds(main, mesh, dice);
    passes.addPass(dist::createPropagatePass());
    passes.addPass(dist::createVerifyLayoutsPass());
  }
  llvm::raw_string_ostream(test.program) << *local;
  if (failed(verify(*local))) {
    test.failure = "the program is not legal: " + diagnostics;
    return;
  }
  dist::buildPartitionPipeline(passes);
  if (failed(passes.run(*local))) {
    test.failure = "partition failed: " + diagnostics;
    return;
  }
  test.failure = compareInField(*g.module, *local, g, test.seed);
  if (test.failure.empty())
    test.failure = compareInDoubles(*local, g, test.seed);
  if (!test.failure.empty()) {
    test.failure += "\n" + diagnostics;
    llvm::raw_string_ostream(test.program) << "partitioned:\n" << *local;
  }
}

/// Runs cases of growing size; the first failure is looked for again at smaller
/// sizes, and the smallest is reported.
void PartitionTest::sweep(const Sampler *sampler, Layouts layouts, Kind kind) {
  for (int64_t i = 0; i < count; ++i) {
    Case test{firstSeed + i, 2 + i % 11, layouts, kind, sampler};
    run(test);
    if (test.failure.empty())
      continue;
    for (int64_t size = 1; size < test.size; ++size) {
      Case smaller{test.seed, size, layouts, kind, sampler};
      run(smaller);
      if (!smaller.failure.empty()) {
        test = smaller;
        break;
      }
    }
    FAIL() << (sampler ? sampler->op.str() : "program") << ": " << test.str();
  }
  if (sampler)
    return;
  std::cout << tested << " programs in f64: " << coverage.str() << "\n";
  EXPECT_GT(tested, count / 3);
  EXPECT_GT(coverage.share(), kind == Kind::Differentiated ? 0.6 : 0.8);
}

TEST_F(PartitionTest, EveryOp) {
  count = setting("VESCALE_PROPERTY_CASES", 100);
  for (const Sampler &sampler : allSamplers())
    sweep(&sampler, Layouts::Random);
}

TEST_F(PartitionTest, Programs) {
  count = setting("VESCALE_PROPERTY_CASES", 1500);
  sweep(nullptr, Layouts::Random);
}

TEST_F(PartitionTest, PropagatedPrograms) {
  count = setting("VESCALE_PROPERTY_CASES", 1500);
  sweep(nullptr, Layouts::Propagated);
}

TEST_F(PartitionTest, RegroupingPrograms) {
  count = setting("VESCALE_PROPERTY_CASES", 1500);
  sweep(nullptr, Layouts::Random, Kind::Regrouping);
}

TEST_F(PartitionTest, PropagatedRegroupingPrograms) {
  count = setting("VESCALE_PROPERTY_CASES", 1500);
  sweep(nullptr, Layouts::Propagated, Kind::Regrouping);
}

TEST_F(PartitionTest, GradientsOfEveryOp) {
  count = setting("VESCALE_PROPERTY_CASES", 100) / 2;
  for (const Sampler &sampler : allSamplers())
    sweep(&sampler, Layouts::Random, Kind::Differentiated);
}

TEST_F(PartitionTest, GradientsOfPrograms) {
  count = setting("VESCALE_PROPERTY_CASES", 1500) / 3;
  sweep(nullptr, Layouts::Random, Kind::Differentiated);
}

TEST_F(PartitionTest, GradientsOfPropagatedPrograms) {
  count = setting("VESCALE_PROPERTY_CASES", 1500) / 3;
  sweep(nullptr, Layouts::Propagated, Kind::Differentiated);
}
