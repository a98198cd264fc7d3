//===- CostTest.cpp - The arithmetic of costs -------------------*- C++ -*-===//

#include "dialects/Graph/Graph.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace vescale;

namespace {
class CostTest : public testing::Test {
protected:
  CostTest() {
    context.loadDialect<graph::GraphDialect, dist::DistDialect,
                        func::FuncDialect>();
  }

  /// The cost of the last op in a function of these arguments.
  OpCost cost(StringRef arguments, StringRef op) {
    module = parseSourceString<ModuleOp>(
        ("func.func @main(" + arguments + ") {\n" + op + "\nreturn }").str(),
        &context);
    EXPECT_TRUE(module) << op.str();
    return module ? getCost(last()) : OpCost();
  }

  Operation *last() {
    auto main = *module->getOps<func::FuncOp>().begin();
    return main.front().getTerminator()->getPrevNode();
  }

  RankedTensorType type(StringRef text) {
    return cast<RankedTensorType>(parseType(text, &context));
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};
} // namespace

static void expectCost(OpCost actual, int64_t flops, int64_t read,
                       int64_t written) {
  EXPECT_EQ(actual.flops, flops);
  EXPECT_EQ(actual.bytesRead, read);
  EXPECT_EQ(actual.bytesWritten, written);
}

TEST_F(CostTest, Elementwise) {
  // 6 elements: 6 additions, two operands of 24 bytes, one result.
  expectCost(cost("%x: tensor<2x3xf32>, %y: tensor<2x3xf32>",
                  "%0 = graph.add %x, %y : (tensor<2x3xf32>, "
                  "tensor<2x3xf32>) -> tensor<2x3xf32>"),
             6, 48, 24);
  // A truth value takes a byte: 6 · 4 read, 6 · 1 written.
  expectCost(cost("%x: tensor<6xf32>",
                  "%0 = graph.is_nan %x : tensor<6xf32> -> tensor<6xi1>"),
             6, 24, 6);
  // x/2, x/√2, erf, 1 +, ·: 5 for each of 10.
  expectCost(cost("%x: tensor<10xf16>",
                  "%0 = graph.gelu none %x : tensor<10xf16> -> tensor<10xf16>"),
             50, 20, 20);
}

TEST_F(CostTest, Dot) {
  // 4×6 results of 8 multiply-adds: 2 · 8 · 24 = 384.
  expectCost(cost("%x: tensor<4x8xf32>, %y: tensor<8x6xf32>",
                  "%0 = graph.dot %x, %y batch [] x [] contract [1] x [0] : "
                  "(tensor<4x8xf32>, tensor<8x6xf32>) -> tensor<4x6xf32>"),
             384, (32 + 48) * 4, 24 * 4);
}

TEST_F(CostTest, ShardsArePricedWithoutBeingBuilt) {
  cost("%x: tensor<4x8xf32>, %y: tensor<8x6xf32>",
       "%0 = graph.dot %x, %y batch [] x [] contract [1] x [0] : "
       "(tensor<4x8xf32>, tensor<8x6xf32>) -> tensor<4x6xf32>");
  // Half of the contracted dimension: half of the 384 operations.
  expectCost(cast<CostOpInterface>(last()).getCost(
                 {type("tensor<4x4xf32>"), type("tensor<4x6xf32>")},
                 {type("tensor<4x6xf32>")}),
             192, (16 + 24) * 4, 24 * 4);
}

TEST_F(CostTest, Convolution) {
  // 1×4×3×3 results, each of 2 channels of the group × 3×3 places:
  // 36 · 18 multiply-adds = 2 · 648.
  expectCost(cost("%x: tensor<1x4x5x5xf32>, %w: tensor<4x2x3x3xf32>",
                  "%0 = graph.conv %x, %w strides [1, 1] dilations [1, 1] pad "
                  "[0, 0] x [0, 0] groups 2 : (tensor<1x4x5x5xf32>, "
                  "tensor<4x2x3x3xf32>) -> tensor<1x4x3x3xf32>"),
             1296, (100 + 72) * 4, 36 * 4);
}

TEST_F(CostTest, Normalization) {
  // sum; subtract, square, sum; multiply; scale: 6 for each of 8.
  expectCost(cost("%x: tensor<2x4xf32>, %s: tensor<4xf32>",
                  "%0 = graph.layer_norm %x scale %s : tensor<4xf32> axis 1 "
                  "epsilon 1.0e-5 : tensor<2x4xf32> -> tensor<2x4xf32>"),
             48, (8 + 4) * 4, 32);
  // Statistics 4, norm and weighting twice 6, means 4, scale twice: 16 for 8.
  expectCost(cost("%x: tensor<2x4xf32>, %s: tensor<4xf32>",
                  "%0 = graph.layer_norm_grad %x, %x scale %s : tensor<4xf32> "
                  "axis 1 epsilon 1.0e-5 : (tensor<2x4xf32>, tensor<2x4xf32>) "
                  "-> tensor<2x4xf32>"),
             128, (8 + 8 + 4) * 4, 32);
}

TEST_F(CostTest, PoolGradient) {
  // 2 windows of 3 places, a product and an addition each: 12.
  expectCost(cost("%x: tensor<1x1x5xf32>, %g: tensor<1x1x2xf32>",
                  "%0 = graph.pool_grad prod %x, %g window [3] strides [2] "
                  "dilations [1] pad [0] x [0] : (tensor<1x1x5xf32>, "
                  "tensor<1x1x2xf32>) -> tensor<1x1x5xf32>"),
             12, (5 + 2) * 4, 20);
  // A comparison for each place.
  expectCost(cost("%x: tensor<1x1x5xf32>",
                  "%0 = graph.pool_place max %x window [3] strides [2] "
                  "dilations [1] pad [0] x [0] : tensor<1x1x5xf32> -> "
                  "tensor<1x1x2xi32>"),
             6, 5 * 4, 2 * 4);
  // A comparison and an addition for each place.
  expectCost(cost("%g: tensor<1x1x2xf32>, %p: tensor<1x1x2xi32>",
                  "%0 = graph.unpool %g at %p window [3] strides [2] "
                  "dilations [1] pad [0] x [0] : (tensor<1x1x2xf32>, "
                  "tensor<1x1x2xi32>) -> tensor<1x1x5xf32>"),
             12, (2 + 2) * 4, 20);
}

TEST_F(CostTest, BatchStatistics) {
  // Sum; subtract, square, sum: 4 for each of 12.
  expectCost(cost("%x: tensor<2x3x2xf32>, %m: tensor<3xf32>",
                  "%0:2 = graph.batch_statistics %x running %m, %m momentum "
                  "0.9 of_batch : tensor<2x3x2xf32>, tensor<3xf32>, "
                  "tensor<3xf32> -> tensor<3xf32>, tensor<3xf32>"),
             48, (12 + 3 + 3) * 4, 2 * 3 * 4);
}

TEST_F(CostTest, AttentionCountsVisiblePairs) {
  StringRef arguments = "%q: tensor<1x2x3x4xf32>, %k: tensor<1x1x5x4xf32>, "
                        "%v: tensor<1x1x5x6xf32>";
  // 2 heads · 3 · 5 pairs; for each 4 multiply-adds for the score, 6 for the
  // value, 6 for scale and softmax: 30 · (8 + 12 + 6) = 780.
  expectCost(cost(arguments, "%0 = graph.attention %q, %k, %v scale 0.5 : "
                             "(tensor<1x2x3x4xf32>, tensor<1x1x5x4xf32>, "
                             "tensor<1x1x5x6xf32>) -> tensor<1x2x3x6xf32>"),
             780, (24 + 20 + 30) * 4, 36 * 4);
  // Queries see 3, 4 and 5 keys: 2 · 12 pairs of 26.
  EXPECT_EQ(cost(arguments,
                 "%0 = graph.attention %q, %k, %v scale 0.5 causal : "
                 "(tensor<1x2x3x4xf32>, tensor<1x1x5x4xf32>, "
                 "tensor<1x1x5x6xf32>) -> tensor<1x2x3x6xf32>")
                .flops,
            24 * 26);
  // A window of 2 leaves two keys each: 2 · 6 pairs.
  EXPECT_EQ(cost(arguments,
                 "%0 = graph.attention %q, %k, %v scale 0.5 causal window 2 : "
                 "(tensor<1x2x3x4xf32>, tensor<1x1x5x4xf32>, "
                 "tensor<1x1x5x6xf32>) -> tensor<1x2x3x6xf32>")
                .flops,
            12 * 26);
}

TEST_F(CostTest, MovementReadsWhatItMoves) {
  // Two rows of the table and two indices, not the table: 2·3·4 + 2·8.
  expectCost(cost("%t: tensor<1000x3xf32>, %i: tensor<2xi64>",
                  "%0 = graph.take %t[%i] axis 0 : (tensor<1000x3xf32>, "
                  "tensor<2xi64>) -> tensor<2x3xf32>"),
             0, 40, 24);
  // A reshape is free.
  expectCost(cost("%x: tensor<2x3xf32>",
                  "%0 = graph.reshape %x : tensor<2x3xf32> -> tensor<6xf32>"),
             0, 0, 0);
}
