//===- Propagate.cpp - Completes layouts, makes reshards explicit ---------===//
//
// Steps for each function:
//   1. read the seeds and propagate them (Propagation.h), while each use of a
//      weight has one of its own (SharedWeights.h);
//   2. walk the ops in order; each takes its cheapest sharding given the
//      layouts its operands have by then (OpChoice.h);
//   3. where an operand is wanted in another layout insert a reshard, one for
//      all uses that want the same; what was partial and had to be completed
//      once is read complete from there on;
//   4. give results back whole or sharded, never partial;
//   5. report what wishes collided, and record what ops were asked for.
//
//===----------------------------------------------------------------------===//
#include "passes/Plan/LayoutCompleter.h"
#include "passes/Plan/OpChoice.h"
#include "passes/Plan/Passes.h"
#include "passes/Plan/RecordedLayouts.h"
#include "passes/Plan/SharedWeights.h"

namespace vescale::dist {
#define GEN_PASS_DEF_PROPAGATEPASS
#include "passes/Plan/Passes.h.inc"
} // namespace vescale::dist

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;

LayoutAttr LayoutCompleter::layoutOf(ArrayRef<AxisList> dims) const {
  SmallVector<AxesAttr> axes;
  for (const AxisList &list : dims)
    axes.push_back(AxesAttr::get(meshRef.getContext(), list));
  return LayoutAttr::get(meshRef, axes);
}

/// A result is to be partial, but is no sum over those axes.
static LogicalResult refusePartial(ShardableOpInterface op,
                                   ArrayRef<LayoutAttr> wanted) {
  for (LayoutAttr layout : wanted)
    if (layout.isPartial())
      return op->emitOpError("cannot be left partial, ")
             << stringifyReductionKind(layout.getPartialKind()) << " over "
             << formatAxes(layout.getPartial().getAxes())
             << ": neither does it reduce a dimension that is sharded over "
                "them, nor is it linear in an operand that is partial";
  return failure();
}

LogicalResult LayoutCompleter::complete(ShardableOpInterface op) {
  followSummand(op);
  for (OpOperand &operand : op->getOpOperands())
    if (Value sum = completed.lookup(operand.get()))
      operand.set(sum);
  const ShardingRule &rule = propagation.getRule(op);
  SmallVector<LayoutAttr> wanted;
  for (Value result : op->getResults()) {
    const ValueState &state = propagation.get(result);
    wanted.push_back(state.pinned ? state.pinned : layoutOf(state.dims));
  }
  std::optional<OpSharding> chosen = chooseSharding(
      op, rule, wanted, mesh, meshRef, [&](Value value, LayoutAttr layout) {
        return resharded.contains({value, layout});
      });
  if (!chosen)
    return refusePartial(op, wanted);
  const OpSharding &sharding = *chosen;
  for (unsigned index = 0; index < op->getNumOperands(); ++index)
    if (failed(reshard(op, index,
                       operandLayout(rule, sharding, index, mesh, meshRef))))
      return failure();
  for (auto [index, result] : llvm::enumerate(op->getResults())) {
    LayoutAttr actual = resultLayout(rule, sharding, index, mesh, meshRef);
    LayoutAttr pinned = propagation.get(result).pinned;
    result.setType(withLayout(result.getType(), actual));
    if (actual.isPartial())
      partialOrigins[result] = whyPartial(op, rule, sharding);
    if (!pinned || pinned == actual)
      continue;
    builder.setInsertionPointAfter(op);
    auto made = ReshardOp::create(
        builder, op.getLoc(), withLayout(result.getType(), pinned), result,
        builder.getStringAttr(propagation.describePin(result)));
    ++reshards;
    result.replaceAllUsesExcept(made.getResult(), made);
    if (pinned.isPartial())
      partialOrigins[made] = partialOrigins[result];
  }
  return success();
}

LogicalResult LayoutCompleter::complete(func::ReturnOp op) {
  for (unsigned index = 0; index < op->getNumOperands(); ++index) {
    LayoutAttr layout = getLayout(op->getOperand(index).getType());
    if (auto seed = func.getResultAttrOfType<SeedAttr>(index, kSeedAttr)) {
      func.removeResultAttr(index, builder.getStringAttr(kSeedAttr));
      layout = seed.getLayout();
    }
    if (failed(reshard(op, index, layout.withoutPartial())))
      return failure();
  }
  return success();
}

/// Before a transient parameter is added to: it takes the layout of the other
/// summand, partial sums included, so that nothing is sent for it.
void LayoutCompleter::followSummand(Operation *op) {
  if (!isa<graph::AddOp>(op))
    return;
  for (unsigned operand : {0, 1})
    if (auto kept = op->getOperand(operand).getDefiningOp<graph::ParameterOp>();
        kept && kept->hasAttr(graph::kTransientAttr) &&
        !kept->hasAttr(kStorageAttr)) {
      LayoutAttr layout = decided.lookup(viewOf(kept));
      if (!layout)
        layout = getLayout(op->getOperand(1 - operand).getType());
      if (isReproducible(op)) // nothing is added to a partial sum
        layout = layout.withoutPartial();
      kept.getResult().setType(
          withLayout(graph::typeOf(kept.getResult()), layout));
    }
}

/// What is stored says how, not its new value.
LogicalResult LayoutCompleter::complete(graph::UpdateOp op) {
  LayoutAttr layout = getLayout(op.getParameter().getType());
  // Zeros lie as they are wanted, even as partial sums.
  auto zeros = op.getValue().getDefiningOp<graph::ConstantOp>();
  if (zeros && propagation.getRule(zeros).startsAsZeros) {
    builder.setInsertionPoint(op);
    Operation *own = builder.clone(*zeros);
    own->getResult(0).setType(
        withLayout(graph::typeOf(zeros.getResult()), layout));
    op.getValueMutable().set(own->getResult(0));
    return success();
  }
  return reshard(op, 1, layout);
}

LogicalResult LayoutCompleter::run(int64_t remarkBytes) {
  if (!func.getBody().hasOneBlock())
    return func.emitOpError("must be a single block to be laid out");
  Block &body = func.front();
  SharedWeights weights;
  weights.split(body);
  if (failed(readSeeds()))
    return failure();
  propagation.run(body);
  weights.join(propagation, [&](graph::ParameterOp op) {
    return decided.lookup(viewOf(op));
  });
  for (BlockArgument argument : body.getArguments())
    argument.setType(withLayout(argument.getType(),
                                layoutOf(propagation.get(argument).dims)));
  SmallVector<Operation *> ops;
  for (Operation &op : body)
    ops.push_back(&op);
  for (Operation *op : ops) {
    if (auto update = dyn_cast<graph::UpdateOp>(op)) {
      if (failed(complete(update)))
        return failure();
    } else if (auto shardable = dyn_cast<ShardableOpInterface>(op)) {
      if (failed(complete(shardable)))
        return failure();
    } else if (auto ret = dyn_cast<func::ReturnOp>(op)) {
      if (failed(complete(ret)))
        return failure();
    } else {
      InFlightDiagnostic error =
          op->emitOpError("has no sharding rule, so it cannot be laid out");
      error.attachNote() << "implement ShardableOpInterface for it; see "
                            "docs/Tutorial/adding-an-op.md";
      return error;
    }
  }
  func.setFunctionType(builder.getFunctionType(
      body.getArgumentTypes(), body.getTerminator()->getOperandTypes()));
  reshards += weights.gather();
  for (BlockArgument argument : body.getArguments())
    if (Attribute name = nameOf(argument))
      decided.try_emplace(name, getLayout(argument.getType()));
  for (auto parameter : body.getOps<graph::ParameterOp>())
    decided.try_emplace(viewOf(parameter),
                        getLayout(graph::typeOf(parameter.getResult())));
  conflicts.report(remarkBytes);
  if (!gathered.empty() && gatheredBytes >= remarkBytes)
    gathered.front()->emitRemark("adds up a dimension that is sharded, but not "
                                 "by leaves of the sum's order (--reproducible)"
                                 "; it is gathered here and for ")
        << gathered.size() - 1 << " more sums, for which each rank sends "
        << gatheredBytes << " bytes";
  recordLayouts(func, asked);
  // Layouts say it now.
  for (Operation &op : body) {
    op.removeAttr(kStorageAttr);
    op.removeAttr(kOfferAttr);
  }
  return success();
}

namespace {
struct Propagate : vescale::dist::impl::PropagatePassBase<Propagate> {
  using Base::Base;

  void runOnOperation() override {
    auto meshes = getOperation().getOps<MeshOp>();
    if (meshes.empty() || !llvm::hasSingleElement(meshes)) {
      getOperation().emitError("needs exactly one dist.mesh; "
                               "dist-apply-plan or "
                               "dist-apply-default-layouts adds it");
      return signalPassFailure();
    }
    // The first one decides where parameters lie.
    SmallVector<func::FuncOp> functions;
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (!func.isExternal())
        functions.insert(func.getSymName() == "main" ? functions.begin()
                                                     : functions.end(),
                         func);
    SharedLayouts decided;
    for (func::FuncOp func : functions) {
      LayoutCompleter completer(func, *meshes.begin(), decided);
      if (failed(completer.run(remarkBytes)))
        return signalPassFailure();
      reshards += completer.reshards;
    }
  }
};
} // namespace
