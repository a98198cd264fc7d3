//===- CompiledTest.cpp - Compiled programs equal the reference -*- C++ -*-===//
//
// Random programs of several ops, plain and with the gradients of a loss, are
// lowered, compiled and run in this process,
// whole on one rank and partitioned on several, and must give what the
// interpreter gives in f64, within the bounds of their rounding (Bounds.h).
// Reproducible ones must give the same bits whole and partitioned.
//
//===----------------------------------------------------------------------===//
#include "Compiled.h"
#include "Gradients.h"
#include "Layouts.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Partition/Passes.h"
#include "passes/Plan/Passes.h"
#include "vescale/Codegen/Target.h"
#include "vescale/Driver/Register.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/bit.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace mlir;
using namespace vescale;
using namespace vescale::test;

namespace {
enum class Kind { Plain, Differentiated, Reproducible, ReproducibleGradients };

struct Case {
  uint64_t seed;
  int64_t size;
  int ranks;
  Kind kind;
  std::string failure = {}; // empty if the property holds
  std::string program = {};
};

class CompiledTest : public testing::Test {
protected:
  CompiledTest() {
    DialectRegistry registry;
    registerDialects(registry);
    registerCodegenDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    context.disableMultithreading();
    context.printOpOnDiagnostic(false);
  }

  void run(Case &test);
  std::string runProgram(Case &test, Generator &g);
  std::string runReproducible(Case &test, Generator &g);
  LogicalResult partition(ModuleOp module, int ranks, Dice &dice);
  void sweep(int ranks, int64_t count, Kind kind = Kind::Plain);

  int64_t tested = 0; // programs that had what is tested
  Coverage coverage;
  MLIRContext context;
};
} // namespace

LogicalResult CompiledTest::partition(ModuleOp module, int ranks, Dice &dice) {
  SmallVector<int64_t> axes = {ranks};
  if (ranks == 4 && dice.chance(50))
    axes = {2, 2};
  dist::MeshAttr mesh = addMesh(module, axes);
  addSeeds(module.lookupSymbol<func::FuncOp>("main"), mesh, dice);
  PassManager passes(&context);
  passes.addPass(dist::createOrderSumsPass());
  passes.addPass(dist::createPropagatePass());
  passes.addPass(dist::createVerifyLayoutsPass());
  dist::buildPartitionPipeline(passes);
  return passes.run(module);
}

std::string CompiledTest::runProgram(Case &test, Generator &g) {
  nameValues(g.main);
  placeParameters(*g.module);
  llvm::raw_string_ostream(test.program) << *g.module;
  if (failed(verify(*g.module)))
    return "the program is not legal";
  Values values = randomValues(g, test.seed);
  Oracle oracle(Bounds::Precision::ByType, /*split=*/test.ranks > 1);
  if (failed(oracle.run(g.main, values)))
    return "the program cannot be evaluated";
  SmallVector<RankedTensorType> types;
  for (Type type : g.main.getResultTypes())
    types.push_back(cast<RankedTensorType>(type));
  Dice dice(g.dice.seed());
  OwningOpRef<ModuleOp> module = g.module->clone();
  if (test.ranks > 1) {
    if (failed(partition(*module, test.ranks, dice)))
      return "partition failed";
    llvm::raw_string_ostream(test.program) << "partitioned:\n" << *module;
  }
  auto results =
      compileAndRun({*module, values, test.ranks,
                     /*threads=*/test.ranks > 1 ? 1 : int(dice.between(1, 2))},
                    types);
  if (!results)
    return llvm::toString(results.takeError());
  for (auto [index, tensor] : llvm::enumerate(*results))
    if (std::string why =
            oracle.compare(index, tensor, /*allowed=*/0, coverage);
        !why.empty())
      return why;
  return {};
}

/// Where the tensors' bits differ first; empty if nowhere. Of a NaN the sign is
/// the machine's affair.
static std::string compareBits(const Tensor &whole, const Tensor &cut) {
  bool isFloat = isa<FloatType>(whole.getElementType());
  auto isNan = [&](Element element) {
    return isFloat && std::isnan(llvm::bit_cast<double>(element));
  };
  for (int64_t i = 0; i < whole.getNumElements(); ++i)
    if (whole[i] != cut[i] && !(isNan(whole[i]) && isNan(cut[i]))) {
      std::string text;
      llvm::raw_string_ostream(text)
          << "element " << i << " of " << whole.getNumElements() << " is 0x"
          << llvm::utohexstr(whole[i]) << " whole and 0x"
          << llvm::utohexstr(cut[i]) << " partitioned";
      return text;
    }
  return {};
}

std::string CompiledTest::runReproducible(Case &test, Generator &g) {
  nameValues(g.main);
  placeParameters(*g.module);
  (*g.module)->setAttr(dist::kReproducibleAttr, UnitAttr::get(&context));
  llvm::raw_string_ostream(test.program) << *g.module;
  if (failed(verify(*g.module)))
    return "the program is not legal";
  Values values = randomValues(g, test.seed);
  SmallVector<RankedTensorType> types;
  for (Type type : g.main.getResultTypes())
    types.push_back(cast<RankedTensorType>(type));
  OwningOpRef<ModuleOp> whole = g.module->clone(), cut = g.module->clone();
  PassManager order(&context);
  order.addPass(dist::createOrderSumsPass());
  if (failed(order.run(*whole)))
    return "sums have no order";
  llvm::raw_string_ostream(test.program) << "ordered:\n" << *whole;
  auto expected = compileAndRun({*whole, values, 1, /*threads=*/2}, types);
  if (!expected)
    return llvm::toString(expected.takeError());
  Dice dice(g.dice.seed());
  if (failed(partition(*cut, test.ranks, dice)))
    return "partition failed";
  llvm::raw_string_ostream(test.program) << "partitioned:\n" << *cut;
  auto results = compileAndRun({*cut, values, test.ranks, 1}, types);
  if (!results)
    return llvm::toString(results.takeError());
  for (auto [index, pair] : llvm::enumerate(llvm::zip(*expected, *results)))
    if (std::string why = compareBits(std::get<0>(pair), std::get<1>(pair));
        !why.empty())
      return "result " + std::to_string(index) + ": " + why;
  return {};
}

void CompiledTest::run(Case &test) {
  CrashNote note(test.seed, test.size);
  std::string diagnostics;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    diagnostics += diagnostic.str() + "\n";
  });
  // Some are large enough for blocks, packed weights and vectors.
  Generator g(&context, test.seed, test.size,
              test.seed % 4 == 0 ? Extent::Large : Extent::Small);
  generateFusing(g, g.dice.between(1, 1 + test.size));
  bool isReproducible = test.kind == Kind::Reproducible ||
                        test.kind == Kind::ReproducibleGradients;
  if (test.kind == Kind::Differentiated ||
      test.kind == Kind::ReproducibleGradients) {
    if (hasDerivatives(g.main))
      return;
    auto derived = addGradients(g);
    if (failed(derived))
      test.failure = "not differentiated";
    if (failed(derived) || derived->values.empty())
      return;
  }
  ++tested;
  test.failure =
      isReproducible ? runReproducible(test, g) : runProgram(test, g);
  if (!test.failure.empty())
    test.failure += "\n" + diagnostics;
}

void CompiledTest::sweep(int ranks, int64_t count, Kind kind) {
  uint64_t first = setting("VESCALE_PROPERTY_SEED", 1);
  for (int64_t i = 0; i < count; ++i) {
    Case test{first + i, 2 + i % 11, ranks, kind};
    run(test);
    if (test.failure.empty())
      continue;
    for (int64_t size = 1; size < test.size; ++size) {
      Case smaller{test.seed, size, ranks, kind};
      run(smaller);
      if (!smaller.failure.empty()) {
        test = smaller;
        break;
      }
    }
    ADD_FAILURE() << test.failure << "\nseed " << test.seed << ", size "
                  << test.size << ", ranks " << ranks << "\n"
                  << test.program;
  }
  std::cout << tested << " programs on " << ranks
            << " ranks: " << coverage.str() << "\n";
  EXPECT_GT(tested, count / 3);
  if (kind == Kind::Plain || kind == Kind::Differentiated)
    EXPECT_GT(coverage.share(), kind == Kind::Plain ? 0.7 : 0.5);
}

TEST_F(CompiledTest, OneRank) {
  sweep(1, setting("VESCALE_PROPERTY_CASES", 200));
}
TEST_F(CompiledTest, TwoRanks) {
  sweep(2, setting("VESCALE_PROPERTY_CASES", 200) / 4);
}
TEST_F(CompiledTest, FourRanks) {
  sweep(4, setting("VESCALE_PROPERTY_CASES", 200) / 4);
}
TEST_F(CompiledTest, GradientsOnOneRank) {
  sweep(1, setting("VESCALE_PROPERTY_CASES", 200) / 2, Kind::Differentiated);
}
TEST_F(CompiledTest, GradientsOnTwoRanks) {
  sweep(2, setting("VESCALE_PROPERTY_CASES", 200) / 4, Kind::Differentiated);
}
TEST_F(CompiledTest, ReproducibleOnTwoRanks) {
  sweep(2, setting("VESCALE_PROPERTY_CASES", 200) / 4, Kind::Reproducible);
}
TEST_F(CompiledTest, ReproducibleOnFourRanks) {
  sweep(4, setting("VESCALE_PROPERTY_CASES", 200) / 4, Kind::Reproducible);
}
TEST_F(CompiledTest, ReproducibleGradientsOnTwoRanks) {
  sweep(2, setting("VESCALE_PROPERTY_CASES", 200) / 4,
        Kind::ReproducibleGradients);
}
