//===- ShardTest.cpp - From global tensors to ranks and back ----*- C++ -*-===//

#include "dialects/Dist/Evaluate/Shard.h"
#include "mlir/AsmParser/AsmParser.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;

namespace {
class ShardTest : public testing::Test {
protected:
  ShardTest() : evaluate(fieldArithmetic(), 1) {
    context.loadDialect<DistDialect>();
    mesh = MeshAttr::get(&context, {MeshAxisAttr::get(&context, "a", 2),
                                    MeshAxisAttr::get(&context, "b", 4)});
  }

  LayoutAttr layout(StringRef text) {
    return cast<LayoutAttr>(
        parseAttribute(("#dist.layout<@m, " + text + ">").str(), &context));
  }

  /// A tensor of i64 that counts up from 0.
  Tensor counting(ArrayRef<int64_t> shape) {
    Tensor tensor(shape, IntegerType::get(&context, 64));
    for (int64_t i = 0; i < tensor.getNumElements(); ++i)
      tensor[i] = i;
    return tensor;
  }

  FailureOr<Tensor> back(ArrayRef<Tensor> locals, ArrayRef<int64_t> shape,
                         LayoutAttr layout) {
    auto location = UnknownLoc::get(&context);
    return unshard(locals, shape, layout, mesh, fieldArithmetic(),
                   [&] { return emitError(location); });
  }

  MLIRContext context;
  MeshAttr mesh;
  EvaluateContext evaluate;
};
} // namespace

TEST_F(ShardTest, RanksAreRowMajorOverTheMesh) {
  // Rank 6 is a=1, b=2; {b, a} puts b first: place 2 · 2 + 1 = 5 of 8.
  LayoutAttr byBoth = layout(R"([{"b", "a"}])");
  EXPECT_EQ(indexInGroup(byBoth.getDims()[0], mesh, 6), 5);
  EXPECT_EQ(groupMember(byBoth.getDims()[0], mesh, 6, 5), 6);
  // The minor half of b is its lowest digit: 2 = 1·2 + 0.
  LayoutAttr minor = layout(R"([{"b":(2)2}])");
  EXPECT_EQ(indexInGroup(minor.getDims()[0], mesh, 6), 0);
  EXPECT_EQ(groupMember(minor.getDims()[0], mesh, 6, 1), 7);
}

TEST_F(ShardTest, ShardsAreContiguousAndPaddingTrails) {
  // 6 elements over 4 ranks: shards of 2, the last one all padding.
  LayoutAttr byB = layout(R"([{"b"}])");
  Tensor global = counting({6});
  Tensor second = shard(global, byB, mesh, 1, evaluate);
  ASSERT_EQ(second.getNumElements(), 2);
  EXPECT_EQ(second[0], 2u);
  EXPECT_EQ(second[1], 3u);
  Tensor last = shard(global, byB, mesh, 3, evaluate);
  for (int64_t i = 0; i < 2; ++i)
    EXPECT_GT(last[i], 6u) << "padding must not look like an element";
}

TEST_F(ShardTest, RoundTrips) {
  for (StringRef text :
       {R"([{}, {}])", R"([{"a"}, {"b"}])", R"([{"b", "a"}, {}])",
        R"([{"b":(2)2}, {"a", "b":(1)2}])",
        R"([{"a"}, {}], partial = sum{"b"})",
        R"([{}, {"b":(1)2}], partial = max{"a", "b":(2)2})",
        R"([{}, {}], partial = min{"b"})"})
    for (auto shape : {SmallVector<int64_t>{3, 5}, SmallVector<int64_t>{1, 8},
                       SmallVector<int64_t>{8, 7}}) {
      Tensor global = counting(shape);
      auto locals = shardOnRanks(global, layout(text), mesh, evaluate);
      FailureOr<Tensor> whole = back(locals, shape, layout(text));
      ASSERT_TRUE(succeeded(whole)) << text.str();
      EXPECT_TRUE(*whole == global) << text.str();
    }
}

TEST_F(ShardTest, PartialValuesDifferFromTheWhole) {
  Tensor global = counting({4});
  auto locals = shardOnRanks(global, layout(R"([{}], partial = sum{"a"})"),
                             mesh, evaluate);
  EXPECT_FALSE(locals[0] == global);
  EXPECT_FALSE(locals[4] == global);
}

TEST_F(ShardTest, ReplicasMustAgree) {
  LayoutAttr byB = layout(R"([{"b"}])");
  auto locals = shardOnRanks(counting({8}), byB, mesh, evaluate);
  locals[5][1] = 99; // a=1, b=1 holds elements 2 and 3, as rank 1 does
  std::string message;
  ScopedDiagnosticHandler handler(
      &context, [&](Diagnostic &diagnostic) { message = diagnostic.str(); });
  EXPECT_TRUE(failed(back(locals, {8}, byB)));
  EXPECT_NE(message.find("ranks 1 and 5 should both hold element 3"),
            std::string::npos)
      << message;
}
