//===- OriginTest.cpp - Locations and names out of metadata ---------------===//

#include "lib/Frontend/Onnx/Origins.h"
#include "lib/Frontend/Onnx/ParameterNames.h"
#include "mlir/IR/MLIRContext.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace vescale;
using namespace vescale::onnx;

namespace {

TEST(Origin, NamespaceGivesTheInnermostModule) {
  EXPECT_EQ(parseNamespace(": Bert/encoder: Encoder/encoder.layer.0: Layer/"
                           "linear: aten.linear.default"),
            "encoder.layer.0");
  EXPECT_EQ(parseNamespace(": Net/add: aten.add.Tensor"), "");
  EXPECT_EQ(parseNamespace(""), "");
  EXPECT_EQ(parseNamespace("////"), "");
}

TEST(Origin, StackTraceGivesTheUsersLine) {
  using Line = std::pair<llvm::StringRef, unsigned>;
  EXPECT_EQ(parseStackTrace(
                "File \"a/net.py\", line 7, in forward\n  File "
                "\"b/site-packages/torch/nn/modules/linear.py\", line 134"),
            Line("a/net.py", 7));
  EXPECT_EQ(parseStackTrace("File \"torch/nn/functional.py\", line 3"),
            Line("", 0));
  EXPECT_EQ(parseStackTrace("File \"net.py\", line x"), Line("", 0));
  EXPECT_EQ(parseStackTrace("File \""), Line("", 0));
}

TEST(Origin, LocationsReadAsText) {
  MLIRContext context;
  Location mul = makeLocation(
      &context, {"MatMul", "mm", "encoder.layer.0", "bert.py", 175});
  EXPECT_EQ(describeLocation(mul),
            "MatMul 'mm' in encoder.layer.0 (bert.py:175)");
  Location add = makeLocation(&context, {"Add", "plus", "", "", 0});
  EXPECT_EQ(describeLocation(FusedLoc::get(&context, {mul, add, mul})),
            "MatMul 'mm' in encoder.layer.0 (bert.py:175), Add 'plus'");
  EXPECT_EQ(describeLocation(UnknownLoc::get(&context)), "");
  SmallVector<Location> many;
  for (StringRef name : {"a", "b", "c", "d", "e"})
    many.push_back(makeLocation(&context, {"Add", name, "", "", 0}));
  EXPECT_EQ(describeLocation(FusedLoc::get(&context, many)),
            "Add 'a', Add 'b', Add 'c' and 2 more");
}

Tensor matrix(llvm::StringRef name) {
  Tensor tensor;
  tensor.name = name.str();
  tensor.type = ElementType::Float;
  tensor.dims = {4, 4};
  return tensor;
}

Node tracedMatMul(llvm::StringRef name, llvm::StringRef weight) {
  Node node;
  node.opType = "MatMul";
  node.name = name.str();
  node.inputs = {"x", weight.str()};
  return node;
}

TEST(ParameterNames, TracedPathsNeedWitnesses) {
  Graph graph;
  for (llvm::StringRef name :
       {"onnx::MatMul_1", "onnx::MatMul_2", "model.decoder.fc.bias"})
    graph.initializers.push_back(std::make_shared<Tensor>(matrix(name)));
  graph.nodes = {tracedMatMul("/decoder/fc/MatMul", "onnx::MatMul_1"),
                 tracedMatMul("/head/MatMul", "onnx::MatMul_2")};
  ParameterNames names(graph);
  // The bias tells that the path lacks "model."; nothing tells about the head.
  ParameterName fc = names.find(*graph.initializers[0]);
  EXPECT_TRUE(fc.isWeight() && fc.isTransposed);
  EXPECT_EQ(fc.name, "model.decoder.fc.weight");
  EXPECT_FALSE(names.find(*graph.initializers[1]).isWeight());
  EXPECT_EQ(names.find(*graph.initializers[2]).name, "model.decoder.fc.bias");
}

TEST(ParameterNames, WeightsReadInTwoWaysGetNoName) {
  Graph graph;
  graph.initializers.push_back(
      std::make_shared<Tensor>(matrix("onnx::MatMul_1")));
  graph.nodes = {tracedMatMul("/a/MatMul", "onnx::MatMul_1"),
                 tracedMatMul("/b/MatMul", "onnx::MatMul_1")};
  EXPECT_FALSE(ParameterNames(graph).find(*graph.initializers[0]).isWeight());
}

} // namespace
