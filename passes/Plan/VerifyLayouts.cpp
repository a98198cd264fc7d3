//===- VerifyLayouts.cpp - Checks layouts against rules ---------*- C++ -*-===//

#include "dialects/Dist/Legality.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Plan/Passes.h"

namespace vescale::dist {
#define GEN_PASS_DEF_VERIFYLAYOUTSPASS
#include "passes/Plan/Passes.h.inc"
} // namespace vescale::dist

using namespace mlir;
using namespace vescale::dist;

static LogicalResult verify(Operation *op) {
  if (auto shardable = dyn_cast<ShardableOpInterface>(op))
    return verifyLayouts(shardable);
  if (isa<ReshardOp>(op))
    return success(); // its own verifier has checked it
  if (isa<func::ReturnOp>(op)) {
    for (OpOperand &operand : op->getOpOperands()) {
      LayoutAttr layout = getLayout(operand.get().getType());
      if (!layout || layout.isPartial())
        return op->emitOpError("result ")
               << operand.getOperandNumber()
               << " needs a layout that is not partial";
    }
    return success();
  }
  InFlightDiagnostic error =
      op->emitOpError("may not stand where types carry layouts: it says "
                      "nothing of how they pass through it");
  error.attachNote() << "implement ShardableOpInterface for it; see "
                        "docs/Tutorial/adding-an-op.md";
  return error;
}

namespace {
struct VerifyLayouts
    : vescale::dist::impl::VerifyLayoutsPassBase<VerifyLayouts> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>())
      for (Block &block : func.getBody())
        for (Operation &op : block)
          if (failed(verify(&op)))
            return signalPassFailure();
  }
};
} // namespace
