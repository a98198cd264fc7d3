//===- VerifyPrepared.cpp - graph-verify-prepared ---------------*- C++ -*-===//

#include "passes/Prepare/Passes.h"

namespace vescale::prepare {
#define GEN_PASS_DEF_GRAPHVERIFYPREPARED
#include "passes/Prepare/Passes.h.inc"
} // namespace vescale::prepare

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::prepare;

static LogicalResult verifyType(Operation *op, Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape())
    return op->emitError("has a value of type ")
           << type << "; import should have made it a tensor of static shape";
  if (tensor.getEncoding())
    return op->emitError("has a layout in ")
           << type << "; layouts are chosen in the plan phase";
  return success();
}

namespace {
class GraphVerifyPrepared
    : public prepare::impl::GraphVerifyPreparedBase<GraphVerifyPrepared> {
  void runOnOperation() override {
    func::FuncOp main;
    for (Operation &op : *getOperation().getBody()) {
      auto function = dyn_cast<func::FuncOp>(op);
      if (!function || main || function.getName() != "main") {
        op.emitError("stands beside the one function 'main' that import makes");
        return signalPassFailure();
      }
      main = function;
    }
    if (!main || !main.getBody().hasOneBlock()) {
      getOperation().emitError("has no function 'main' of one block");
      return signalPassFailure();
    }
    for (Type type : main.getArgumentTypes())
      if (failed(verifyType(main, type)))
        return signalPassFailure();
    for (Operation &op : main.getBody().front())
      if (failed(verifyOp(&op)))
        return signalPassFailure();
  }

  static LogicalResult verifyOp(Operation *op) {
    if (isa<func::ReturnOp>(op))
      return success();
    if (!isa_and_nonnull<GraphDialect>(op->getDialect()))
      return op->emitError("is not an op of the graph dialect; a frontend "
                           "should have imported it as one");
    for (Type type : op->getResultTypes())
      if (failed(verifyType(op, type)))
        return failure();
    return success();
  }
};
} // namespace
