//===- HiddenDims.cpp - Dimensions between two weights ----------*- C++ -*-===//
//
// Walks back from the contracted dimension of a product with a weight, along
// the factor that the dimension is of each op on the way, until products with
// weights have made it.
//
//===----------------------------------------------------------------------===//
#include "passes/Plan/HiddenDims.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;
using graph::DotOp;

/// The op that gives the value but for ops that only move its elements; null
/// for an argument.
static Operation *sourceOf(Value value) {
  Operation *op = value.getDefiningOp();
  while (op && isa<graph::TransposeOp, graph::ReshapeOp, graph::SliceOp,
                   graph::CastOp, graph::BroadcastOp>(op))
    op = op->getOperand(0).getDefiningOp();
  return op;
}

/// Of a training step what is not the model.
static bool isTraining(Operation *op) {
  return op->hasAttr(graph::kBackwardAttr) ||
         op->hasAttr(graph::kOptimizerAttr);
}

static bool isWeight(Value value) {
  return isa_and_nonnull<graph::ParameterOp>(sourceOf(value));
}

namespace {
class Walk {
public:
  /// False if something needs the dimension whole, or it comes from elsewhere.
  bool back(Value value, int64_t dim);
  /// Whether products with weights are all that the values on the way lead to;
  /// a residual stream is not hidden, though a projection makes it.
  bool leadsOnlyToProducts() const;

  SmallVector<DotOp, 2> producers;

private:
  llvm::DenseSet<std::pair<Value, int64_t>> seen;
};
} // namespace

bool Walk::back(Value value, int64_t dim) {
  if (!seen.insert({value, dim}).second)
    return true;
  Operation *op = value.getDefiningOp();
  auto shardable = dyn_cast_or_null<ShardableOpInterface>(op);
  if (!shardable)
    return false; // an argument
  if (isa<graph::ParameterOp, graph::ConstantOp>(op))
    return true; // a bias or a number, sharded alike
  ShardingRule rule = getRule(shardable);
  const DimFactors &factors = rule.results[0][dim];
  if (factors.size() != 1)
    return false;
  unsigned factor = factors.front();
  if (rule.factors[factor].kind != FactorKind::Parallel)
    return false;
  if (auto dot = dyn_cast<DotOp>(op)) {
    bool inRight = llvm::any_of(rule.operands[1], [&](const DimFactors &each) {
      return llvm::is_contained(each, factor);
    });
    if (!inRight || !dot.getRhsBatch().empty() || !isWeight(dot.getRhs()))
      return false;
    producers.push_back(dot);
    return true;
  }
  if (isa<graph::AttentionOp, graph::AttentionGradOp>(op))
    return false; // heads have a rule of their own
  for (auto [index, operand] : llvm::enumerate(op->getOperands()))
    for (auto [operandDim, each] : llvm::enumerate(rule.operands[index]))
      if (llvm::is_contained(each, factor) &&
          (each.size() != 1 || !back(operand, operandDim)))
        return false;
  return true;
}

/// A product of the activation `value` with a weight.
static bool isProductOf(Value value, Operation *user) {
  auto dot = dyn_cast<DotOp>(user);
  return dot && dot.getLhs() == value && isWeight(dot.getRhs());
}

bool Walk::leadsOnlyToProducts() const {
  llvm::DenseSet<Operation *> onTheWay;
  for (const auto &[value, dim] : seen)
    onTheWay.insert(value.getDefiningOp());
  return llvm::all_of(seen, [&](const auto &each) {
    Value value = each.first;
    return isa_and_nonnull<graph::ParameterOp, graph::ConstantOp>(
               sourceOf(value)) ||
           llvm::all_of(value.getUsers(), [&](Operation *user) {
             return isTraining(user) || onTheWay.contains(user) ||
                    isProductOf(value, user);
           });
  });
}

SmallVector<HiddenDim> dist::findHiddenDims(Block &block) {
  SmallVector<HiddenDim> found;
  llvm::DenseSet<Operation *> consumers;
  for (auto dot : block.getOps<DotOp>()) {
    if (isTraining(dot) || dot.getLhsContract().size() != 1 ||
        !dot.getLhsBatch().empty() || !isWeight(dot.getRhs()))
      continue;
    Walk walk;
    int64_t dim = dot.getLhsContract().front();
    if (!walk.back(dot.getLhs(), dim) || walk.producers.empty() ||
        !walk.leadsOnlyToProducts())
      continue;
    if (llvm::any_of(walk.producers, [&](DotOp producer) {
          return consumers.contains(producer);
        }))
      continue;
    consumers.insert(dot);
    found.push_back({dot.getLhs(), dim, walk.producers, dot});
  }
  return found;
}
