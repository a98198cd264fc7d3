//===- VerifyLayouts.cpp - Checks layouts against rules ---------*- C++ -*-===//

#include "dialects/Dist/FactorAxes.h"
#include "dialects/Dist/Legality.h"
#include "dialects/Graph/Graph.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Plan/Passes.h"
#include "vescale/Support/Diagnostics.h"
#include "vescale/Train/TrainFile.h"

namespace vescale::dist {
#define GEN_PASS_DEF_VERIFYLAYOUTSPASS
#include "passes/Plan/Passes.h.inc"
} // namespace vescale::dist

using namespace mlir;
using namespace vescale;
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

/// A training step's ranks take equal parts of each batch.
static llvm::Error verifyBatches(ModuleOp module, StringRef trainFile) {
  llvm::Expected<TrainFile> options =
      parseTrainFile(trainFile, graph::kTrainAttr);
  if (!options)
    return options.takeError();
  for (auto func : module.getOps<func::FuncOp>())
    for (BlockArgument input : func.getArguments()) {
      auto type = cast<RankedTensorType>(input.getType());
      auto name = func.getArgAttrOfType<StringAttr>(input.getArgNumber(),
                                                    graph::kNameAttr);
      auto data = name ? options->data.find(name.str()) : options->data.end();
      if (type.getRank() == 0 ||
          (data != options->data.end() && data->second.fill))
        continue;
      LayoutAttr layout = getLayout(type);
      int64_t batch = type.getDimSize(0),
              shards = numShards(layout.getDims()[0].getAxes(),
                                 lookupMesh(module, layout.getMesh()));
      if (batch % shards == 0)
        continue;
      return llvm::createStringError(
          "input '" + (name ? name.getValue() : "") + "' has a batch of " +
          Twine(batch) + " samples, which " + Twine(shards) +
          " shards do not divide, as training needs; choose another batch "
          "(--dim) or another mesh");
    }
  return llvm::Error::success();
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
    auto train = getOperation()->getAttrOfType<StringAttr>(graph::kTrainAttr);
    if (train &&
        failed(report(verifyBatches(getOperation(), train), &getContext())))
      signalPassFailure();
  }
};
} // namespace
