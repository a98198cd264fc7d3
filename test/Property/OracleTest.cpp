//===- OracleTest.cpp - What the oracle of roundings demands ----*- C++ -*-===//
//
// Cases in which a right program may give something else than the interpreter
// does: the oracle must let it, and nothing more.
//
//===----------------------------------------------------------------------===//
#include "Oracle.h"
#include "dialects/Dist/Dist.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Partition/Passes.h"
#include "vescale/Interpreter/Interpreter.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace mlir;
using namespace vescale;
using namespace vescale::test;

namespace {
class OracleTest : public testing::Test {
protected:
  OracleTest() {
    context.loadDialect<graph::GraphDialect, dist::DistDialect,
                        func::FuncDialect>();
  }

  static Values argument(ArrayRef<double> numbers, func::FuncOp main) {
    Tensor tensor(cast<RankedTensorType>(main.getArgumentTypes()[0]));
    for (auto [index, number] : llvm::enumerate(numbers))
      tensor[index] = doubleArithmetic().fromDouble(number);
    return {{tensor}, {}};
  }

  MLIRContext context;
};
} // namespace

// The sum is partial: 1 on one rank, -2 on the other, and each is multiplied.
TEST_F(OracleTest, PartsTimesInfinity) {
  auto module = parseSourceString<ModuleOp>(
      R"(dist.mesh @m <"a"=2>
  func.func @main(%x: tensor<2xf64, #dist.layout<@m, [{"a"}]>>)
      -> (tensor<f64, #dist.layout<@m, []>>, tensor<f64, #dist.layout<@m, []>>) {
    %inf = graph.constant dense<0x7FF0000000000000> : tensor<f64> -> tensor<f64, #dist.layout<@m, []>>
    %0 = graph.reduce sum %x dims [0] : tensor<2xf64, #dist.layout<@m, [{"a"}]>> -> tensor<f64, #dist.layout<@m, [], partial = sum{"a"}>>
    %1 = graph.mul %0, %inf : (tensor<f64, #dist.layout<@m, [], partial = sum{"a"}>>, tensor<f64, #dist.layout<@m, []>>) -> tensor<f64, #dist.layout<@m, [], partial = sum{"a"}>>
    %2 = graph.dot %0, %inf batch [] x [] contract [] x [] : (tensor<f64, #dist.layout<@m, [], partial = sum{"a"}>>, tensor<f64, #dist.layout<@m, []>>) -> tensor<f64, #dist.layout<@m, [], partial = sum{"a"}>>
    %3 = dist.reshard %1 origin "test" : tensor<f64, #dist.layout<@m, [], partial = sum{"a"}>> -> tensor<f64, #dist.layout<@m, []>>
    %4 = dist.reshard %2 origin "test" : tensor<f64, #dist.layout<@m, [], partial = sum{"a"}>> -> tensor<f64, #dist.layout<@m, []>>
    return %3, %4 : tensor<f64, #dist.layout<@m, []>>, tensor<f64, #dist.layout<@m, []>>
  })",
      &context);
  ASSERT_TRUE(module);
  auto main = module->lookupSymbol<func::FuncOp>("main");
  Values values = argument({1, -2}, main);
  Oracle whole(Bounds::Precision::Double, /*split=*/false);
  Oracle split(Bounds::Precision::Double, /*split=*/true);
  ASSERT_TRUE(succeeded(whole.run(main, values)));
  ASSERT_TRUE(succeeded(split.run(main, values)));

  PassManager passes(&context);
  dist::buildPartitionPipeline(passes);
  ASSERT_TRUE(succeeded(passes.run(*module)));
  Parameters parameters(doubleArithmetic(), {});
  Interpreter interpreter(doubleArithmetic(), parameters);
  auto results = interpreter.runOnRanks(
      module->lookupSymbol<func::FuncOp>("main"), values.arguments);
  ASSERT_TRUE(succeeded(results));
  for (unsigned index : {0, 1}) {
    EXPECT_TRUE(std::isnan(doubleArithmetic().toDouble((*results)[index][0])));
    Coverage coverage;
    EXPECT_NE(whole.compare(index, (*results)[index], 0, coverage), "");
    EXPECT_EQ(split.compare(index, (*results)[index], 0, coverage), "");
    EXPECT_EQ(coverage.unbounded, 1);
  }
}
