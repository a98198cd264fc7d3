//===- VerifyPartitioned.cpp - Checks that a program is local ---*- C++ -*-===//

#include "dialects/Dist/Dist.h"
#include "passes/Partition/Passes.h"

namespace vescale::dist {
#define GEN_PASS_DEF_VERIFYPARTITIONEDPASS
#include "passes/Partition/Passes.h.inc"
} // namespace vescale::dist

using namespace mlir;
using namespace vescale::dist;

namespace {
struct VerifyPartitioned
    : vescale::dist::impl::VerifyPartitionedPassBase<VerifyPartitioned> {
  void runOnOperation() override {
    WalkResult result = getOperation().walk([](Operation *op) {
      auto encoded = [](Type type) {
        auto tensor = dyn_cast<RankedTensorType>(type);
        return tensor && tensor.getEncoding();
      };
      if (isa<ReshardOp>(op) || llvm::any_of(op->getOperandTypes(), encoded) ||
          llvm::any_of(op->getResultTypes(), encoded)) {
        op->emitOpError("is not local; dist-partition should have made it so");
        return WalkResult::interrupt();
      }
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
