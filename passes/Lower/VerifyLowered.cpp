//===- VerifyLowered.cpp - Closes the phase lower ---------------*- C++ -*-===//

#include "dialects/Rank/Rank.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Lower/Passes.h"

using namespace mlir;
using namespace vescale;

namespace vescale {
#define GEN_PASS_DEF_VERIFYLOWERED
#include "passes/Lower/Passes.h.inc"
} // namespace vescale

namespace {

/// The buffers that a kernel function takes: all but bounds and environment.
LogicalResult checkCall(Operation *op, FlatSymbolRefAttr symbol,
                        size_t buffers) {
  if (!symbol)
    return success();
  auto func = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
      op->getParentOfType<ModuleOp>(), symbol);
  if (!func)
    return op->emitOpError("calls the kernel ")
           << symbol
           << " that is not there; rank-dedupe-kernels should have "
              "replaced it";
  constexpr size_t others = 5;
  if (func.getNumArguments() != buffers + others)
    return op->emitOpError("gives ")
           << buffers << " buffers to the kernel " << symbol << " of "
           << func.getNumArguments() - others;
  return success();
}

struct VerifyLowered : vescale::impl::VerifyLoweredBase<VerifyLowered> {
  void runOnOperation() override {
    int64_t programs = 0;
    for (Operation &op : *getOperation().getBody()) {
      if (isa<func::FuncOp, dist::MeshOp>(op))
        continue;
      auto program = dyn_cast<rank::ProgramOp>(op);
      if (!program) {
        op.emitOpError("is left; graph-lower-to-rank should have removed it");
        return signalPassFailure();
      }
      ++programs;
      if (!program.getArenaBytes()) {
        op.emitOpError("has no arena layout; run rank-plan-arena");
        return signalPassFailure();
      }
      if (failed(checkSteps(program)))
        return signalPassFailure();
    }
    if (programs == 0) {
      getOperation().emitOpError(
          "has no rank.program; run graph-lower-to-rank");
      signalPassFailure();
    }
  }

  LogicalResult checkSteps(rank::ProgramOp program) {
    WalkResult result = program.walk([](Operation *op) -> WalkResult {
      if (auto kernel = dyn_cast<rank::KernelOp>(op))
        return checkCall(op, kernel.getKernelAttr(),
                         kernel.getInputs().size() +
                             kernel.getOutputs().size());
      if (auto gemm = dyn_cast<rank::GemmOp>(op))
        return checkCall(op, gemm.getEpilogueAttr(),
                         gemm.getEpilogueInputs().size() +
                             gemm.getEpilogueOutputs().size());
      if (auto conv = dyn_cast<rank::ConvOp>(op))
        return checkCall(op, conv.getEpilogueAttr(),
                         conv.getEpilogueInputs().size() +
                             conv.getEpilogueOutputs().size());
      if (isa_and_nonnull<graph::GraphDialect>(op->getDialect()))
        return op->emitOpError(
            "is left; graph-lower-to-rank should have removed it");
      return WalkResult::advance();
    });
    return failure(result.wasInterrupted());
  }
};
} // namespace
