//===- CompletenessTest.cpp - Every op says all of itself -------*- C++ -*-===//
//
// Walks the registered ops of the graph dialect and fails where one lacks an
// interface, or is in no random program.
//
//===----------------------------------------------------------------------===//
#include "Generator.h"
#include "gtest/gtest.h"
#include <set>

using namespace mlir;
using namespace vescale;
using namespace vescale::test;

TEST(Completeness, EveryGraphOp) {
  MLIRContext context;
  context.loadDialect<graph::GraphDialect, dist::DistDialect>();
  std::set<std::string> sampled;
  for (const Sampler &sampler : allSamplers())
    sampled.insert(sampler.op.str());
  unsigned count = 0;
  for (RegisteredOperationName op : context.getRegisteredOperations()) {
    if (op.getDialectNamespace() != "graph")
      continue;
    std::string name = op.getStringRef().str();
    ++count;
    EXPECT_TRUE(op.hasInterface<dist::ShardableOpInterface>())
        << name << " has no sharding rule";
    EXPECT_TRUE(op.hasInterface<EvaluateOpInterface>())
        << name << " has no reference evaluation";
    EXPECT_TRUE(op.hasInterface<CostOpInterface>()) << name << " has no cost";
    EXPECT_TRUE(op.hasInterface<LowerOpInterface>() ||
                op.hasInterface<DecomposeOpInterface>())
        << name << " has no lowering";
    EXPECT_TRUE(op.hasInterface<DifferentiableOpInterface>())
        << name << " says nothing of its derivative";
    EXPECT_EQ(sampled.count(name), 1u)
        << name << " has no sampler in test/Property/Samplers";
  }
  EXPECT_EQ(sampled.size(), count) << "a sampler names an op that is not there";
}

TEST(Completeness, EveryDistOpIsEvaluated) {
  MLIRContext context;
  context.loadDialect<dist::DistDialect>();
  unsigned count = 0;
  for (RegisteredOperationName op : context.getRegisteredOperations()) {
    if (op.getDialectNamespace() != "dist" ||
        op.getStringRef() == dist::MeshOp::getOperationName())
      continue; // a symbol
    ++count;
    bool collective = op.hasInterface<dist::CollectiveOpInterface>();
    EXPECT_TRUE(collective ? op.hasInterface<EvaluateCollectiveOpInterface>()
                           : op.hasInterface<EvaluateOpInterface>())
        << op.getStringRef().str() << " has no reference evaluation";
  }
  EXPECT_GE(count, 9u);
}
