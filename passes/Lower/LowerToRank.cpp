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
    ModuleOp module = getOperation();
    FailureOr<SmallVector<func::FuncOp>> functions = findFunctions();
    FailureOr<dist::MeshAttr> mesh = findMesh(module);
    if (failed(functions) || failed(mesh))
      return signalPassFailure();
    UpdatedParameters updated(module);
    if (failed(updated.check(module)))
      return signalPassFailure();
    GroupTable groups;
    for (func::FuncOp func : *functions) {
      if (failed(checkTypes(func)) || failed(checkRows(func)))
        return signalPassFailure();
      foldLoneCollectives(func);
      copyReturnedLeaves(func);
      sinkUpdates(func);
      numberGroups(func, groups);
    }
    func::FuncOp first = functions->front();
    OpBuilder builder(first);
    auto program = rank::ProgramOp::create(
        builder, first.getLoc(), first.getSymName(), *mesh,
        builder.getArrayAttr(groups.get()), IntegerAttr(), IntegerAttr());
    program.getBody().emplaceBlock();
    SharedProgram shared(program, groups, updated, threads);
    for (func::FuncOp func : *functions)
      if (failed(build(func, shared)))
        return signalPassFailure();
    for (func::FuncOp func : *functions)
      func->erase();
  }

  LogicalResult build(func::FuncOp func, SharedProgram &shared) {
    auto plan = std::make_unique<FusionPlan>(func);
    if (auto copied = copyUpdates(func, *plan); !copied.empty())
      plan = std::make_unique<FusionPlan>(func, copied);
    ProgramBuilder builder(func, *plan, shared);
    if (failed(builder.build()))
      return failure();
    kernels += builder.numKernels;
    libraryCalls += builder.numLibraryCalls;
    return success();
  }

  /// All functions, `main` first.
  FailureOr<SmallVector<func::FuncOp>> findFunctions() {
    SmallVector<func::FuncOp> functions;
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (!llvm::hasSingleElement(func.getBody()))
        return func.emitOpError("must have one block");
      bool isMain = func.getSymName() == "main";
      functions.insert(isMain ? functions.begin() : functions.end(), func);
    }
    if (functions.empty())
      return getOperation().emitOpError("has no function to lower");
    return functions;
  }

  /// The mesh that the module declares; one rank without one.
  static FailureOr<dist::MeshAttr> findMesh(ModuleOp module) {
    dist::MeshAttr mesh;
    for (auto op : module.getOps<dist::MeshOp>()) {
      if (mesh)
        return op.emitOpError("is a second mesh; a program runs on one");
      mesh = op.getAxes();
    }
    return mesh ? mesh : dist::MeshAttr::get(module.getContext(), {});
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
