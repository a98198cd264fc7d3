//===- SharedWeights.cpp - One weight, several users ------------*- C++ -*-===//
#include "passes/Plan/SharedWeights.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;

/// Whether the op gives its operand in another form.
static bool isView(Operation *op) {
  return isa<graph::BroadcastOp, graph::ReshapeOp, graph::TransposeOp>(op);
}

/// Whether the op gives a weight, a constant, or a number in all elements, such
/// as a step's learning rate.
static bool isWeight(Operation *op) {
  while (op && isView(op)) {
    if (graph::rankOf(op->getOperand(0)) == 0)
      return true;
    op = op->getOperand(0).getDefiningOp();
  }
  return isa_and_nonnull<graph::ParameterOp, graph::ConstantOp>(op);
}

void SharedWeights::split(Block &block) {
  // Users before what they use, so that chains of views split as a whole.
  SmallVector<Operation *> weights;
  for (Operation &op : llvm::reverse(block))
    if (isWeight(&op) && !op.use_empty())
      weights.push_back(&op);
  for (Operation *op : weights) {
    SmallVector<OpOperand *> uses;
    for (OpOperand &use : op->getUses())
      uses.push_back(&use);
    SmallVector<graph::ParameterOp> group;
    if (auto parameter = dyn_cast<graph::ParameterOp>(op))
      group.push_back(parameter);
    OpBuilder builder(op);
    for (OpOperand *use : llvm::drop_begin(uses)) {
      Operation *clone = builder.clone(*op);
      use->set(clone->getResult(0));
      if (auto parameter = dyn_cast<graph::ParameterOp>(clone))
        group.push_back(parameter);
    }
    // Read once and stored otherwise: gathered like the rest.
    bool isGathered = group.size() == 1 && group[0]->hasAttr(kStorageAttr);
    if (group.size() > 1 || isGathered)
      groups.push_back(group);
  }
}

/// The part of the program that an op's users are in.
enum class Part { Optimizer, Forward, Backward };

static Part partOf(Operation *op) {
  for (Operation *user : op->getUsers()) {
    if (user->hasAttr(graph::kOptimizerAttr))
      return Part::Optimizer;
    if (user->hasAttr(graph::kBackwardAttr))
      return Part::Backward;
    if (isView(user) && !user->use_empty())
      return partOf(user);
  }
  return Part::Forward;
}

/// Makes the others the first.
static void unite(ArrayRef<graph::ParameterOp> ops, Propagation &propagation) {
  for (graph::ParameterOp other : ops.drop_front()) {
    graph::ParameterOp first = ops.front();
    propagation.meet(first.getResult(), other.getResult());
    other.replaceAllUsesWith(first.getResult());
    propagation.forget(other);
    other.erase();
  }
}

void SharedWeights::join(
    Propagation &propagation,
    function_ref<LayoutAttr(graph::ParameterOp)> storedLayout) {
  for (ArrayRef<graph::ParameterOp> group : groups) {
    graph::ParameterOp first = group.front();
    if (!first->hasAttr(kStorageAttr)) {
      unite(group, propagation);
      continue;
    }
    SmallVector<graph::ParameterOp> parts[3];
    for (graph::ParameterOp op : group)
      parts[static_cast<int>(partOf(op))].push_back(op);
    for (ArrayRef<graph::ParameterOp> part : parts)
      if (!part.empty())
        unite(part, propagation);
    if (parts[0].empty()) {
      auto stored = cast<graph::ParameterOp>(OpBuilder(first).clone(*first));
      propagation.pin(stored.getResult(), storedLayout(first));
      parts[0].push_back(stored);
    }
    for (ArrayRef<graph::ParameterOp> part : ArrayRef(parts).drop_front())
      if (!part.empty())
        gathered.emplace_back(parts[0].front(), part.front());
  }
  groups.clear();
}

int64_t SharedWeights::gather() {
  for (auto [stored, read] : gathered) {
    Operation *first = nullptr;
    for (Operation *user : read->getUsers())
      if (!first || user->isBeforeInBlock(first))
        first = user;
    if (!first)
      continue;
    if (!stored->isBeforeInBlock(first))
      stored->moveBefore(first);
    OpBuilder builder(first);
    auto made = ReshardOp::create(
        builder, read.getLoc(), read.getType(), stored.getResult(),
        builder.getStringAttr("a parameter that is stored sharded"));
    // Once for each direction, so that it need not stay in between.
    if (partOf(read) == Part::Backward)
      made->setAttr(graph::kBackwardAttr, builder.getUnitAttr());
    read.replaceAllUsesWith(made.getResult());
    read.erase();
  }
  return gathered.size();
}
