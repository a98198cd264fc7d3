//===- Updates.cpp - Where new values of parameters are written -*- C++ -*-===//

#include "passes/Lower/Updates.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

bool vescale::isUpdated(ParameterOp op) {
  return llvm::any_of(op->getUsers(), llvm::IsaPred<UpdateOp>);
}

LogicalResult vescale::checkUpdates(func::FuncOp func) {
  llvm::StringMap<ParameterOp> updated;
  func.walk([&](UpdateOp op) {
    updated[op.getParameterOp().getName()] = op.getParameterOp();
  });
  WalkResult result = func.walk([&](ParameterOp op) -> WalkResult {
    ParameterOp other = updated.lookup(op.getName());
    if (!other || isUpdated(op))
      return WalkResult::advance();
    InFlightDiagnostic error =
        op.emitOpError("reads \"")
        << op.getName() << "\", which is updated through another view";
    error.attachNote(other.getLoc()) << "the view that is updated";
    return error;
  });
  return failure(result.wasInterrupted());
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
                  lowering.keepsPosition(operand) &&
                  !lowering.rereads(operand);
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
  Operation *end = func.front().getTerminator();
  OpBuilder builder(end);
  SmallVector<Value> copied;
  for (UpdateOp op : llvm::to_vector(func.front().getOps<UpdateOp>())) {
    if (canOverwrite(op, plan))
      continue;
    op->moveBefore(end);
    builder.setInsertionPoint(op);
    copied.push_back(op.getValue());
    op.getValueMutable().set(ReshapeOp::create(
        builder, op.getLoc(), op.getValue().getType(), op.getValue()));
  }
  return copied;
}
