//===- StandardFunctionsTest.cpp - The standard's functions are importable ===//

#include "lib/Frontend/Onnx/StandardFunctions.h"
#include "lib/Frontend/Onnx/OpRegistry.h"
#include "gtest/gtest.h"

using namespace vescale::onnx;

namespace {

/// Expands `nodes` as the importer would; the number of nodes that leaves.
size_t expand(llvm::ArrayRef<Node> nodes, const OpsetImports &opsets,
              unsigned depth) {
  EXPECT_LT(depth, 8u);
  size_t count = 0;
  for (const Node &node : nodes) {
    int64_t opset = opsets.at(node.domain);
    for (const Attribute &attribute : node.attributes)
      if (attribute.graph)
        count += expand(attribute.graph->nodes, opsets, depth);
    ++count;
    if (OpRegistry::get().find(node.domain, node.opType, opset))
      continue;
    const Function *function =
        findStandardFunction(node.domain, node.opType, opset);
    if (!function) {
      ADD_FAILURE() << node.opType << " has no importer";
      continue;
    }
    count += expand(function->nodes, function->opsets, depth + 1);
  }
  return count;
}

TEST(StandardFunctions, ConsistOfImportableOps) {
  StandardFunctionTable table = standardFunctionTable();
  EXPECT_GT(table.entries.size(), 20u);
  for (const StandardFunctionEntry &entry : table.entries) {
    SCOPED_TRACE(entry.op);
    const Function *function =
        findStandardFunction(entry.domain, entry.op, entry.since);
    ASSERT_TRUE(function);
    EXPECT_EQ(function->name, entry.op);
    EXPECT_LT(expand(function->nodes, function->opsets, 0), 256u);
  }
}

TEST(StandardFunctions, AreFoundByVersion) {
  EXPECT_FALSE(findStandardFunction("", "Conv", 22));
  EXPECT_FALSE(findStandardFunction("", "Mish", 17));
  EXPECT_TRUE(findStandardFunction("", "Mish", 18));
  EXPECT_TRUE(findStandardFunction("", "Mish", 28));
  EXPECT_FALSE(findStandardFunction("other", "Mish", 18));
}

TEST(StandardFunctions, HaveTheDefaultsOfTheirAttributes) {
  const Function *elu = findStandardFunction("", "Elu", 22);
  ASSERT_TRUE(elu);
  ASSERT_EQ(elu->defaultAttributes.size(), 1u);
  EXPECT_EQ(elu->defaultAttributes[0].name, "alpha");
  EXPECT_EQ(elu->defaultAttributes[0].f, 1.0);
}

} // namespace
