//===- LowerToRank.cpp - Local graph ops to a rank program ------*- C++ -*-===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/Lower/Passes.h"
#include "passes/Lower/ProgramBuilder.h"
#include "passes/Lower/Updates.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

namespace vescale {
#define GEN_PASS_DEF_LOWERTORANK
#include "passes/Lower/Passes.h.inc"
} // namespace vescale

namespace {
struct LowerToRank : vescale::impl::LowerToRankBase<LowerToRank> {
  using Base::Base;

  void runOnOperation() override {
    FailureOr<func::FuncOp> func = findMain();
    if (failed(func) || failed(checkTypes(*func)) || failed(checkRows(*func)) ||
        failed(checkUpdates(*func)))
      return signalPassFailure();
    foldLoneCollectives(*func);
    copyReturnedLeaves(*func);
    GroupTable groups;
    numberGroups(*func, groups);
    auto plan = std::make_unique<FusionPlan>(*func);
    if (auto copied = copyUpdates(*func, *plan); !copied.empty())
      plan = std::make_unique<FusionPlan>(*func, copied);
    ProgramBuilder builder(*func, *plan, groups, threads);
    if (failed(builder.build()))
      return signalPassFailure();
    kernels += builder.numKernels;
    libraryCalls += builder.numLibraryCalls;
    func->erase();
  }

  FailureOr<func::FuncOp> findMain() {
    func::FuncOp main;
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (main)
        return func.emitOpError("is a second function; a program has one");
      main = func;
    }
    if (!main)
      return getOperation().emitOpError("has no function to lower");
    if (!llvm::hasSingleElement(main.getBody()))
      return main.emitOpError("must have one block");
    return main;
  }

  LogicalResult checkTypes(func::FuncOp func) {
    WalkResult result = func.walk([&](Operation *op) -> WalkResult {
      for (Value value : op->getResults()) {
        if (!dist::getLayout(value.getType()))
          continue;
        return op->emitOpError("has the global type ")
               << value.getType() << "; partition the module first";
      }
      return WalkResult::advance();
    });
    return failure(result.wasInterrupted());
  }

  LogicalResult checkRows(func::FuncOp func) {
    WalkResult result = func.walk([&](RowOpInterface op) -> WalkResult {
      if (rowBytes(op) <= kMaxRowBytes)
        return WalkResult::advance();
      return op->emitOpError("has rows of ")
             << rowBytes(op) / 2 << " bytes; kernels keep two on the stack, at "
             << "most " << kMaxRowBytes << " bytes";
    });
    return failure(result.wasInterrupted());
  }

  /// A collective of one rank gives what it gets.
  void foldLoneCollectives(func::FuncOp func) {
    func.walk([](dist::CollectiveOpInterface op) {
      auto mesh = dist::lookupMesh(op, op.getMeshRef());
      if (mesh && op.getGroupAxes().getNumShards(mesh) == 1) {
        op->getResult(0).replaceAllUsesWith(op->getOperand(0));
        op->erase();
      }
    });
  }

  /// Results lie in buffers of their own.
  void copyReturnedLeaves(func::FuncOp func) {
    Operation *end = func.front().getTerminator();
    OpBuilder builder(end);
    for (OpOperand &operand : end->getOpOperands()) {
      Value value = operand.get();
      if (value.getDefiningOp() &&
          !isa<ParameterOp, ConstantOp>(value.getDefiningOp()))
        continue;
      operand.set(
          ReshapeOp::create(builder, end->getLoc(), value.getType(), value));
    }
  }

  /// Before any kernel is made, since kernels take them all.
  void numberGroups(func::FuncOp func, GroupTable &groups) {
    func.walk([&](Operation *op) {
      auto mesh = op->getAttrOfType<FlatSymbolRefAttr>("mesh");
      auto axes = op->getAttrOfType<dist::AxesAttr>("axes");
      if (mesh && axes)
        groups.number(dist::lookupMesh(op, mesh), axes);
    });
  }
};
} // namespace
