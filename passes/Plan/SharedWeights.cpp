//===- SharedWeights.cpp - One weight, several users ------------*- C++ -*-===//
#include "passes/Plan/SharedWeights.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;

/// Whether the op gives its operand in another form.
static bool isView(Operation *op) {
  return isa<graph::BroadcastOp, graph::ReshapeOp, graph::TransposeOp>(op);
}

static bool isWeight(Operation *op) {
  while (op && isView(op))
    op = op->getOperand(0).getDefiningOp();
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
    if (group.size() > 1)
      groups.push_back(group);
  }
}

void SharedWeights::join(Propagation &propagation) {
  for (ArrayRef<graph::ParameterOp> group : groups) {
    graph::ParameterOp first = group.front();
    for (graph::ParameterOp other : group.drop_front()) {
      propagation.meet(first.getResult(), other.getResult());
      other.replaceAllUsesWith(first.getResult());
      other.erase();
    }
  }
  groups.clear();
}
