//===- LinalgTest.cpp - Partitioned linalg ops equal the whole --*- C++ -*-===//
//
// Linalg ops, named and generic, under random meshes and random legal layouts:
// on all ranks the local ops must give exactly what the op gives on one device,
// in the field. Knobs as in PartitionTest.cpp.
//
//===----------------------------------------------------------------------===//
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "Layouts.h"
#include "dialects/External/External.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Partition/Passes.h"
#include "vescale/Interpreter/Interpreter.h"
#include "gtest/gtest.h"
#include <cstdlib>

using namespace mlir;
using namespace vescale;
using namespace vescale::test;

namespace {
class LinalgTest : public testing::Test {
protected:
  LinalgTest() {
    DialectRegistry registry;
    registry
        .insert<linalg::LinalgDialect, arith::ArithDialect, math::MathDialect,
                func::FuncDialect, dist::DistDialect, graph::GraphDialect>();
    registerLinalgModels(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    context.printOpOnDiagnostic(false);
  }

  FailureOr<Interpreter::Globals> run(ModuleOp module, bool onRanks,
                                      uint64_t seed) {
    auto main = module.lookupSymbol<func::FuncOp>("main");
    std::vector<Tensor> arguments;
    for (unsigned index = 0; index < main.getNumArguments(); ++index)
      arguments.push_back(randomTensor(globalArgumentType(main, index),
                                       std::to_string(index), seed,
                                       fieldArithmetic(), 9));
    Parameters parameters(fieldArithmetic(), {});
    Interpreter interpreter(fieldArithmetic(), parameters, seed);
    return onRanks ? interpreter.runOnRanks(main, arguments)
                   : interpreter.run(main, arguments);
  }

  /// Partitions a function of linalg ops in many ways.
  void check(StringRef program) {
    const char *text = std::getenv("VESCALE_PROPERTY_CASES");
    int64_t cases = text ? std::strtoll(text, nullptr, 10) : 60;
    for (int64_t seed = 0; seed < cases; ++seed) {
      auto whole = parseSourceString<ModuleOp>(program, &context);
      ASSERT_TRUE(whole);
      OwningOpRef<ModuleOp> local = whole->clone();
      Dice dice(seed);
      dist::MeshAttr mesh = addMesh(*local, dice);
      addLayouts(local->lookupSymbol<func::FuncOp>("main"), mesh, dice);
      std::string layouts;
      llvm::raw_string_ostream(layouts) << *local;
      PassManager passes(&context);
      dist::buildPartitionPipeline(passes);
      ASSERT_TRUE(succeeded(passes.run(*local))) << seed << '\n' << layouts;
      auto expected = run(*whole, false, seed);
      auto actual = run(*local, true, seed);
      ASSERT_TRUE(succeeded(expected) && succeeded(actual)) << seed << '\n'
                                                            << layouts;
      for (auto [e, a] : llvm::zip_equal(*expected, *actual))
        ASSERT_TRUE(e == a) << seed << '\n' << layouts;
    }
  }

  MLIRContext context;
};
} // namespace

TEST_F(LinalgTest, Matmul) {
  check(
      R"(func.func @main(%a: tensor<5x6xf32>, %b: tensor<6x7xf32>, %c: tensor<5x7xf32>) -> tensor<5x7xf32> {
    %0 = linalg.matmul ins(%a, %b : tensor<5x6xf32>, tensor<6x7xf32>) outs(%c : tensor<5x7xf32>) -> tensor<5x7xf32>
    return %0 : tensor<5x7xf32>
  })");
}

TEST_F(LinalgTest, BatchMatmulOfIntegers) {
  check(
      R"(func.func @main(%a: tensor<3x2x5xi32>, %b: tensor<3x5x4xi32>, %c: tensor<3x2x4xi32>) -> tensor<3x2x4xi32> {
    %0 = linalg.batch_matmul ins(%a, %b : tensor<3x2x5xi32>, tensor<3x5x4xi32>) outs(%c : tensor<3x2x4xi32>) -> tensor<3x2x4xi32>
    return %0 : tensor<3x2x4xi32>
  })");
}

TEST_F(LinalgTest, ElementwiseWithBroadcastAndTranspose) {
  check(R"(#x = affine_map<(i, j, k) -> (k, i)>
  #y = affine_map<(i, j, k) -> (j)>
  #z = affine_map<(i, j, k) -> (i, j, k)>
  func.func @main(%x: tensor<5x3xf32>, %y: tensor<4xf32>, %z: tensor<3x4x5xf32>) -> tensor<3x4x5xf32> {
    %0 = linalg.generic {indexing_maps = [#x, #y, #z], iterator_types = ["parallel", "parallel", "parallel"]}
        ins(%x, %y : tensor<5x3xf32>, tensor<4xf32>) outs(%z : tensor<3x4x5xf32>) {
    ^bb0(%a: f32, %b: f32, %c: f32):
      %half = arith.constant 0.5 : f32
      %s = arith.mulf %a, %half : f32
      %e = math.exp %s : f32
      %m = arith.maximumf %b, %c : f32
      %less = arith.cmpf olt, %e, %m : f32
      %r = arith.select %less, %e, %b : f32
      linalg.yield %r : f32
    } -> tensor<3x4x5xf32>
    return %0 : tensor<3x4x5xf32>
  })");
}

TEST_F(LinalgTest, MaximumWithPadding) {
  check(R"(#x = affine_map<(i, j) -> (i, j)>
  #y = affine_map<(i, j) -> (i)>
  func.func @main(%x: tensor<4x7xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
    %0 = linalg.generic {indexing_maps = [#x, #y], iterator_types = ["parallel", "reduction"]}
        ins(%x : tensor<4x7xf32>) outs(%y : tensor<4xf32>) {
    ^bb0(%a: f32, %b: f32):
      %m = arith.maximumf %a, %b : f32
      linalg.yield %m : f32
    } -> tensor<4xf32>
    return %0 : tensor<4xf32>
  })");
}

TEST_F(LinalgTest, SumOfAFunctionThatDoesNotKeepZero) {
  // exp(0) is not 0, so that masked padding would count: shards must divide.
  check(R"(#x = affine_map<(i, j) -> (i, j)>
  #y = affine_map<(i, j) -> (i)>
  func.func @main(%x: tensor<4x6xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
    %0 = linalg.generic {indexing_maps = [#x, #y], iterator_types = ["parallel", "reduction"]}
        ins(%x : tensor<4x6xf32>) outs(%y : tensor<4xf32>) {
    ^bb0(%a: f32, %b: f32):
      %e = math.exp %a : f32
      %s = arith.addf %e, %b : f32
      linalg.yield %s : f32
    } -> tensor<4xf32>
    return %0 : tensor<4xf32>
  })");
}

TEST_F(LinalgTest, IndexStaysGlobal) {
  check(R"(#x = affine_map<(i, j) -> (i, j)>
  func.func @main(%x: tensor<4x6xi64>) -> tensor<4x6xi64> {
    %0 = linalg.generic {indexing_maps = [#x], iterator_types = ["parallel", "parallel"]}
        outs(%x : tensor<4x6xi64>) {
    ^bb0(%a: i64):
      %i = linalg.index 0 : index
      %n = arith.index_cast %i : index to i64
      %s = arith.addi %a, %n : i64
      linalg.yield %s : i64
    } -> tensor<4x6xi64>
    return %0 : tensor<4x6xi64>
  })");
}

TEST_F(LinalgTest, ConvolutionKeepsWindowsWhole) {
  check(
      R"(func.func @main(%x: tensor<2x3x6x5xf32>, %w: tensor<4x3x3x2xf32>, %y: tensor<2x4x4x4xf32>) -> tensor<2x4x4x4xf32> {
    %0 = linalg.conv_2d_nchw_fchw {dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>}
        ins(%x, %w : tensor<2x3x6x5xf32>, tensor<4x3x3x2xf32>) outs(%y : tensor<2x4x4x4xf32>) -> tensor<2x4x4x4xf32>
    return %0 : tensor<2x4x4x4xf32>
  })");
}

TEST_F(LinalgTest, EveryStructuredOpHasTheInterfaces) {
  unsigned count = 0;
  for (RegisteredOperationName op : context.getRegisteredOperations()) {
    if (op.getDialectNamespace() != "linalg" ||
        !op.hasInterface<linalg::LinalgOp>())
      continue;
    ++count;
    EXPECT_TRUE(op.hasInterface<dist::ShardableOpInterface>() &&
                op.hasInterface<EvaluateOpInterface>())
        << op.getStringRef().str();
  }
  EXPECT_GT(count, 50u);
}
