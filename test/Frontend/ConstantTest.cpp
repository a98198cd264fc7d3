//===- ConstantTest.cpp - What the importer computes itself ---------------===//

#include "lib/Frontend/Onnx/Emitter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace mlir;
using namespace vescale::onnx;
namespace graph = vescale::graph;

namespace {

class ConstantTest : public testing::Test {
protected:
  ConstantTest() : builder(&context), module(nullptr), e(builder) {
    context.loadDialect<func::FuncDialect, graph::GraphDialect>();
    module = ModuleOp::create(builder.getUnknownLoc());
    builder.setInsertionPointToStart(module->getBody());
  }

  Val ints(ShapeRef shape, std::vector<int64_t> values) {
    Constant result(builder.getI64Type(), shape);
    result.ints = std::move(values);
    return Val(std::move(result));
  }
  Val floats(Type type, std::vector<double> values) {
    Constant result(type, {static_cast<int64_t>(values.size())});
    for (auto [index, value] : llvm::enumerate(values))
      result.setFloat(index, value);
    return Val(std::move(result));
  }
  std::vector<int64_t> of(const Val &value) {
    EXPECT_TRUE(value.constant());
    return value.constant()->ints;
  }
  size_t opsMade() { return module->getBody()->getOperations().size(); }

  MLIRContext context;
  OpBuilder builder;
  OwningOpRef<ModuleOp> module;
  Emitter e;
};

using List = std::vector<int64_t>;

TEST_F(ConstantTest, MovesElements) {
  Val x = ints({2, 3}, {0, 1, 2, 3, 4, 5});
  EXPECT_EQ(of(e.transpose(x, {1, 0})), (List{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(of(e.slice(x, {0, 2}, {2, 3}, {1, 1})), (List{2, 5}));
  EXPECT_EQ(of(e.reverse(x, 1)), (List{2, 1, 0, 5, 4, 3}));
  EXPECT_EQ(of(e.concat({x, x}, 1)),
            (List{0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5}));
  EXPECT_EQ(of(e.broadcast(ints({2}, {7, 8}), {1}, {3, 2})),
            (List{7, 8, 7, 8, 7, 8}));
  EXPECT_EQ(of(e.pad(x, ints({}, {9}), {0, 1}, {1, 0})),
            (List{9, 0, 1, 2, 9, 3, 4, 5, 9, 9, 9, 9}));
  EXPECT_EQ(opsMade(), 0u);
}

TEST_F(ConstantTest, ReducesAndReads) {
  Val x = ints({2, 3}, {5, 1, 2, 3, 4, 0});
  EXPECT_EQ(of(e.reduce(graph::Reduction::Sum, x, {1}, false)), (List{8, 7}));
  EXPECT_EQ(of(e.reduce(graph::Reduction::Max, x, {0}, true)), (List{5, 4, 2}));
  EXPECT_EQ(of(e.cumsum(x, 1, false, false)), (List{5, 6, 8, 3, 7, 7}));
  EXPECT_EQ(of(e.cumsum(x, 1, true, true)), (List{3, 2, 0, 4, 0, 0}));
  EXPECT_EQ(of(e.cumsum(x, 0, false, false)), (List{5, 1, 2, 8, 5, 2}));
  EXPECT_EQ(of(e.take(x, ints({2}, {-1, 0}), 1)), (List{2, 5, 0, 3}));
  EXPECT_EQ(of(e.takeAlong(x, ints({2, 1}, {1, -1}), 1)), (List{1, 0}));
  EXPECT_EQ(of(e.iota(e.i64(), {2, 3}, 1)), (List{0, 1, 2, 0, 1, 2}));
  EXPECT_EQ(opsMade(), 0u);
}

TEST_F(ConstantTest, RoundsToTheElementType) {
  // 1 + 2^-11 lies halfway between two halves: ties go to even, 1.
  Val half = floats(builder.getF16Type(), {1 + std::ldexp(1.0, -11), 65520});
  EXPECT_EQ(half.constant()->floats[0], 1);
  EXPECT_TRUE(std::isinf(half.constant()->floats[1]));
  Val tenth = floats(builder.getF32Type(), {0.1});
  EXPECT_EQ(tenth.constant()->floats[0], 0.1f);
  Val sum = e.binary(Binary::Add, tenth, tenth);
  EXPECT_EQ(sum.constant()->floats[0], 0.1f + 0.1f);
}

TEST_F(ConstantTest, ConvertsAsTheOpDoes) {
  Val x = floats(builder.getF32Type(), {-1.9, 3e9, -3e9, NAN});
  EXPECT_EQ(of(e.cast(x, builder.getI32Type())),
            (List{-1, INT32_MAX, INT32_MIN, 0}));
  EXPECT_EQ(of(e.cast(ints({2}, {300, -129}), builder.getI8Type())),
            (List{44, 127}));
  EXPECT_EQ(of(e.cast(ints({2}, {2, 0}), builder.getI1Type())), (List{1, 0}));
}

TEST_F(ConstantTest, LeavesWhatHasNoValueToTheProgram) {
  Val zero = ints({1}, {0}), low = ints({1}, {INT64_MIN});
  EXPECT_FALSE(e.binary(Binary::Div, low, zero).constant());
  EXPECT_FALSE(e.binary(Binary::Rem, low, ints({1}, {-1})).constant());
  EXPECT_FALSE(e.take(low, ints({1}, {1}), 0).constant());
}

TEST_F(ConstantTest, LeavesLargeResultsToTheProgram) {
  Val large = e.fill(e.i64(), {int64_t(1) << 40}, 1);
  EXPECT_FALSE(large.constant());
  EXPECT_EQ(large.size(), int64_t(1) << 40);
}

TEST_F(ConstantTest, MaterialisesOnceAndWithoutRepetition) {
  Val rows = e.broadcast(ints({2}, {7, 8}), {1}, {3, 2});
  mlir::Value first = e.operand(rows);
  EXPECT_EQ(first, e.operand(rows));
  auto repeated = first.getDefiningOp<graph::BroadcastOp>();
  ASSERT_TRUE(repeated);
  EXPECT_EQ(repeated.getDims(), (ArrayRef<int64_t>{1}));
  EXPECT_EQ(opsMade(), 2u);
}

TEST_F(ConstantTest, MaterialisesBeyondTheBudget) {
  Val rows = e.broadcast(ints({2}, {7, 8}), {1}, {3, 2});
  for (int64_t size = maxFoldedElements; size > 0; size /= 2)
    while (e.iota(e.i64(), {size}, 0).constant())
      ;
  EXPECT_FALSE(e.binary(Binary::Add, rows, rows).constant());
  EXPECT_TRUE(e.operand(rows).getDefiningOp<graph::BroadcastOp>());
}

TEST_F(ConstantTest, MakesEqualConstantsOnce) {
  EXPECT_EQ(e.operand(ints({2}, {7, 8})), e.operand(ints({2}, {7, 8})));
  EXPECT_NE(e.operand(ints({2}, {7, 8})), e.operand(ints({2}, {7, 9})));
}

TEST(Shapes, BroadcastByNumPysRules) {
  EXPECT_EQ(broadcastShapes({3, 1}, {4}), (Shape{3, 4}));
  EXPECT_EQ(broadcastShapes({}, {2, 0}), (Shape{2, 0}));
  EXPECT_EQ(broadcastShapes({2}, {3}), std::nullopt);
  EXPECT_EQ(volume({int64_t(1) << 40, int64_t(1) << 40}),
            std::numeric_limits<int64_t>::max());
  EXPECT_EQ(volume({int64_t(1) << 40, int64_t(1) << 40, 0}), 0);
}

} // namespace
