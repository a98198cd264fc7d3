//===- Reproducible.cpp - Sharding that keeps the order of sums -*- C++ -*-===//
//
// In a reproducible module a sum of floats is a balanced tree over leaves. A
// rank may have a subtree; what it sends is then a node of the tree, which
// collectives complete in the tree's order.
//
//===----------------------------------------------------------------------===//
#include "dialects/Dist/Dist.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;

int64_t dist::getLeaves(Operation *op) {
  auto leaves = op->getAttrOfType<IntegerAttr>(kLeavesAttr);
  return leaves ? leaves.getInt() : 0;
}

bool dist::isReproducible(Operation *op) {
  auto module = op->getParentOfType<ModuleOp>();
  return module && module->hasAttr(kReproducibleAttr);
}

/// Splits a factor into whole leaves, which may be sharded, and what is in one.
static void splitLeaves(ShardingRule &rule, unsigned factor, int64_t leaves) {
  int64_t length = rule.factors[factor].size / leaves;
  if (leaves == 1) {
    rule.factors[factor].kind = FactorKind::Whole;
    return;
  }
  rule.factors[factor].size = leaves;
  rule.factors[factor].allowsPadding = false;
  if (length == 1)
    return;
  unsigned rest = rule.factors.size();
  Factor whole;
  whole.size = length;
  whole.kind = FactorKind::Whole;
  rule.factors.push_back(whole);
  for (TensorFactors &operand : rule.operands)
    for (DimFactors &dim : operand)
      if (auto *at = llvm::find(dim, factor); at != dim.end())
        dim.insert(at + 1, rest);
}

static bool isPartOfResult(const ShardingRule &rule, unsigned factor) {
  return llvm::any_of(rule.results, [&](const TensorFactors &result) {
    return llvm::any_of(result, [&](const DimFactors &dim) {
      return llvm::is_contained(dim, factor);
    });
  });
}

ShardingRule dist::getRule(ShardableOpInterface op) {
  ShardingRule rule = op.getShardingRule();
  if (!isReproducible(op))
    return rule;
  for (Linearity &linearity : rule.linearities)
    linearity.sum = false;
  int64_t leaves = getLeaves(op);
  if (leaves == 0)
    return rule;
  for (unsigned factor = 0, count = rule.factors.size(); factor < count;
       ++factor) {
    Factor &each = rule.factors[factor];
    if (each.kind != FactorKind::Reduction ||
        each.reduction != ReductionKind::Sum)
      continue;
    // What one result adds up, another may have.
    splitLeaves(rule, factor, isPartOfResult(rule, factor) ? 1 : leaves);
    leaves = 1; // the other dimensions are within a leaf
  }
  return rule;
}
