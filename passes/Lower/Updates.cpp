//===- Updates.cpp - Where new values of parameters are written -*- C++ -*-===//

#include "passes/Lower/Updates.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

UpdatedParameters::UpdatedParameters(ModuleOp module) {
  module.walk([&](UpdateOp op) {
    ParameterOp parameter = op.getParameterOp();
    views[parameter.getName()].push_back(parameter);
  });
}

static bool isSameView(ParameterOp a, ParameterOp b) {
  return a.getOffset() == b.getOffset() && a.getStrides() == b.getStrides();
}

static bool isSameType(ParameterOp a, ParameterOp b) {
  return a.getType() == b.getType() && a.getGlobalType() == b.getGlobalType();
}

LogicalResult UpdatedParameters::check(ModuleOp module) const {
  WalkResult result = module.walk([&](ParameterOp op) -> WalkResult {
    auto found = views.find(op.getName());
    if (found == views.end())
      return WalkResult::advance();
    bool seen = false, clash = false;
    for (ParameterOp view : found->second)
      if (isSameView(op, view))
        (isSameType(op, view) ? seen : clash) = true;
    if (seen && !clash)
      return WalkResult::advance();
    InFlightDiagnostic error =
        op.emitOpError("reads \"")
        << op.getName()
        << "\", which is updated through another view, or in another layout";
    ParameterOp other = found->second.front();
    error.attachNote(other.getLoc()) << "the view that is updated";
    return error;
  });
  return failure(result.wasInterrupted());
}

void vescale::sinkUpdates(func::FuncOp func) {
  Operation *end = func.front().getTerminator();
  OpBuilder builder(end);
  for (UpdateOp op : llvm::to_vector(func.front().getOps<UpdateOp>())) {
    if (auto constant = op.getValue().getDefiningOp<ConstantOp>())
      op.getValueMutable().set(builder.clone(*constant)->getResult(0));
    op->moveBefore(end);
  }
}

namespace {
/// Walks to the steps that read a parameter.
class ReadCheck {
public:
  ReadCheck(const FusionPlan &plan, Operation *writer)
      : plan(plan), writer(writer) {}

  /// Whether all steps that read `value` come before the writer, or are it and
  /// read at the place that they write.
  bool allows(Value value, bool inPlace = true) const {
    return llvm::all_of(value.getUses(), [&](OpOperand &use) {
      Operation *user = use.getOwner();
      if (isa<UpdateOp>(user))
        return use.getOperandNumber() == 0;
      auto lowering = dyn_cast<LowerOpInterface>(user);
      if (!lowering || user->getNumResults() != 1)
        return user->isBeforeInBlock(writer);
      unsigned operand = use.getOperandNumber();
      bool same = inPlace && !hasLibraryCall(user) &&
                  lowering.keepsPosition(operand) && !lowering.rereads(operand);
      Value result = user->getResult(0);
      if (!plan.isStored(result))
        return allows(result, same);
      return user->isBeforeInBlock(writer) || (user == writer && same);
    });
  }

private:
  const FusionPlan &plan;
  Operation *writer;
};
} // namespace

static bool canOverwrite(UpdateOp op, const FusionPlan &plan) {
  Value value = op.getValue();
  Operation *writer = value.getDefiningOp();
  if (!writer || !plan.isStored(value))
    return false;
  // Another parameter, a result or a collective in place may want the buffer.
  for (OpOperand &use : value.getUses())
    if (isa<UpdateOp, func::ReturnOp, dist::CollectiveOpInterface>(
            use.getOwner()) &&
        use.getOwner() != op)
      return false;
  return ReadCheck(plan, writer).allows(op.getParameter());
}

SmallVector<Value> vescale::copyUpdates(func::FuncOp func,
                                        const FusionPlan &plan) {
  OpBuilder builder(func.getContext());
  SmallVector<Value> copied;
  for (UpdateOp op : llvm::to_vector(func.front().getOps<UpdateOp>())) {
    if (canOverwrite(op, plan))
      continue;
    builder.setInsertionPoint(op);
    copied.push_back(op.getValue());
    op.getValueMutable().set(ReshapeOp::create(
        builder, op.getLoc(), op.getValue().getType(), op.getValue()));
  }
  return copied;
}
