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
#include "dialects/Graph/Graph.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Plan/Conflicts.h"
#include "passes/Plan/OpChoice.h"
#include "passes/Plan/Passes.h"
#include "passes/Plan/Propagation.h"
#include "passes/Plan/RecordedLayouts.h"
#include "passes/Plan/SharedWeights.h"
#include "vescale/Planner/ReshardSteps.h"
#include "llvm/ADT/SetVector.h"

namespace vescale::dist {
#define GEN_PASS_DEF_PROPAGATEPASS
#include "passes/Plan/Passes.h.inc"
} // namespace vescale::dist

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;

namespace {
/// The layouts of the module's parameters, by name and view, and of its inputs,
/// by name: functions that share one share its layout, which the first of them
/// decides.
using SharedLayouts = DenseMap<Attribute, LayoutAttr>;

class LayoutCompleter {
public:
  LayoutCompleter(func::FuncOp func, MeshOp meshOp, SharedLayouts &decided)
      : func(func), builder(func), mesh(meshOp.getAxes()),
        meshRef(FlatSymbolRefAttr::get(meshOp.getSymNameAttr())),
        propagation(mesh), conflicts(propagation, mesh), decided(decided) {}

  LogicalResult run(int64_t remarkBytes);
  int64_t reshards = 0;

private:
  LogicalResult readSeeds();
  LogicalResult addSeed(Operation *at, Value value, Attribute seed);
  LayoutAttr layoutOf(ArrayRef<AxisList> dims) const;
  LogicalResult reshard(Operation *user, unsigned operand, LayoutAttr to);
  bool isGatheredForOrder(Operation *user, unsigned operand, LayoutAttr to);
  std::string origin(Operation *user, unsigned operand, LayoutAttr to);
  LogicalResult complete(ShardableOpInterface op);
  LogicalResult complete(func::ReturnOp op);
  LogicalResult complete(graph::UpdateOp op);
  void followSummand(Operation *op);
  std::string whyPartial(ShardableOpInterface op, const ShardingRule &rule,
                         const OpSharding &sharding);

  func::FuncOp func;
  OpBuilder builder;
  MeshAttr mesh;
  FlatSymbolRefAttr meshRef;
  Propagation propagation;
  Conflicts conflicts;
  SharedLayouts &decided;
  /// Results of ops that a layout was asked for.
  SmallVector<OpResult> asked;
  DenseMap<std::pair<Value, LayoutAttr>, Value> resharded;
  /// What is partial and had to be completed: its sums.
  DenseMap<Value, Value> completed;
  /// Why a value is partial.
  DenseMap<Value, std::string> partialOrigins;
  /// Ops whose sums ranks could share, if they had no order; and what is moved.
  llvm::SetVector<Operation *> gathered;
  int64_t gatheredBytes = 0;
};
} // namespace

/// What tells a parameter's ops of one function from each other.
static Attribute viewOf(graph::ParameterOp op) {
  Builder builder(op.getContext());
  return builder.getArrayAttr({op.getNameAttr(),
                               builder.getI64IntegerAttr(op.getOffset()),
                               builder.getDenseI64ArrayAttr(op.getStrides())});
}

/// The input's name, by which functions share it; null without one.
static Attribute nameOf(BlockArgument argument) {
  auto func = cast<func::FuncOp>(argument.getOwner()->getParentOp());
  return func.getArgAttr(argument.getArgNumber(), graph::kNameAttr);
}

LogicalResult LayoutCompleter::addSeed(Operation *at, Value value,
                                       Attribute attribute) {
  auto seed = dyn_cast<SeedAttr>(attribute);
  if (!seed)
    return at->emitOpError("has a dist.seed that is none");
  LayoutAttr layout = seed.getLayout();
  if (layout.getMesh() != meshRef)
    return at->emitOpError("is seeded on mesh ")
           << layout.getMesh() << ", but the module's is " << meshRef;
  if (layout.isPartial() && (!seed.getPinned() || !isa<OpResult>(value) ||
                             isa<graph::ParameterOp>(at)))
    return at->emitOpError("cannot be seeded partial; only the pinned result "
                           "of an op can");
  auto type = cast<RankedTensorType>(value.getType());
  if (layout.getRank() != type.getRank())
    return at->emitOpError("is seeded with a layout of ")
           << layout.getRank() << " dimensions, but has " << type.getRank();
  for (AxesAttr axes : layout.getDims())
    for (AxisRefAttr axis : axes) {
      int64_t size = mesh.getAxisSize(axis.getName());
      if (!size)
        return at->emitOpError("is seeded on axis \"")
               << axis.getName() << "\", which the mesh lacks";
      if (!axis.isWhole() && size % (axis.getPreSize() * axis.getSubSize()))
        return at->emitOpError("is seeded on a part of axis \"")
               << axis.getName() << "\" that does not divide its " << size
               << " ranks";
    }
  propagation.addSeed(value, seed);
  return success();
}

/// Whether the op stands for what is stored of a parameter with storage axes,
/// which the optimizer works on, and not for what others gather of it.
static bool isStored(graph::ParameterOp op) {
  return llvm::any_of(op->getUsers(), [](Operation *user) {
    return user->hasAttr(graph::kOptimizerAttr);
  });
}

LogicalResult LayoutCompleter::readSeeds() {
  MLIRContext *context = func.getContext();
  // A layout in a type pins the value.
  auto fromType = [&](Value value) -> Attribute {
    if (LayoutAttr layout = getLayout(value.getType()))
      return SeedAttr::get(context, layout, 0, true, "the type in the IR");
    return {};
  };
  for (BlockArgument argument : func.getArguments()) {
    Attribute seed = fromType(argument);
    if (LayoutAttr layout = decided.lookup(nameOf(argument)); !seed && layout)
      seed = SeedAttr::get(context, layout, 0, true, "another function");
    if (!seed)
      seed = func.getArgAttr(argument.getArgNumber(), kSeedAttr);
    if (seed && failed(addSeed(func, argument, seed)))
      return failure();
    func.removeArgAttr(argument.getArgNumber(), kSeedAttr);
  }
  for (Operation &op : func.front()) {
    Attribute attribute = op.removeAttr(kSeedAttr);
    auto parameter = dyn_cast<graph::ParameterOp>(op);
    Attribute storage = op.getAttr(kStorageAttr);
    LayoutAttr layout =
        parameter ? decided.lookup(viewOf(parameter)) : LayoutAttr();
    if (storage && parameter && isStored(parameter)) {
      if (!layout)
        layout = dyn_cast<LayoutAttr>(storage);
      layout ? propagation.addStorage(parameter.getResult(), layout)
             : propagation.addStorage(parameter.getResult(),
                                      cast<AxesAttr>(storage));
    } else if (layout && !storage) {
      attribute = SeedAttr::get(context, layout.withoutPartial(), 0, true,
                                "another function");
    }
    for (OpResult result : op.getResults()) {
      Attribute seed = fromType(result);
      // The op's own seed speaks of its first result.
      bool isFirst = result.getResultNumber() == 0;
      if (!seed && isFirst)
        seed = attribute;
      if (seed && failed(addSeed(&op, result, seed)))
        return failure();
      bool isAsked = seed || op.hasAttr(kOfferAttr);
      if (isAsked && isFirst && !isa<graph::ParameterOp>(op))
        asked.push_back(result);
    }
  }
  return success();
}

LayoutAttr LayoutCompleter::layoutOf(ArrayRef<AxisList> dims) const {
  SmallVector<AxesAttr> axes;
  for (const AxisList &list : dims)
    axes.push_back(AxesAttr::get(meshRef.getContext(), list));
  return LayoutAttr::get(meshRef, axes);
}

/// Says in a few words why `user` wants the operand in another layout.
std::string LayoutCompleter::origin(Operation *user, unsigned operand,
                                    LayoutAttr to) {
  Value value = user->getOperand(operand);
  LayoutAttr from = getLayout(value.getType());
  if (from.isPartial() && to.getPartial() != from.getPartial()) {
    auto it = partialOrigins.find(value);
    return it == partialOrigins.end() ? "a partial argument" : it->second;
  }
  for (auto [dim, axes] : llvm::enumerate(from.getDims()))
    if (axes != to.getDims()[dim] && !axes.empty())
      return propagation.describe(value, dim).str();
  for (Value result : user->getResults())
    for (int64_t dim = 0, rank = propagation.get(result).dims.size();
         dim < rank; ++dim)
      if (!propagation.get(result).dims[dim].empty())
        return propagation.describe(result, dim).str();
  return "a replicated operand";
}

/// Whether an operand is moved because of the order of the op's sums: in a
/// dimension of which no rank may have a part.
bool LayoutCompleter::isGatheredForOrder(Operation *user, unsigned operand,
                                         LayoutAttr to) {
  auto op = dyn_cast<ShardableOpInterface>(user);
  if (!op || getLeaves(user) == 0)
    return false;
  const ShardingRule &rule = propagation.getRule(op);
  ShardingRule free = op.getShardingRule();
  LayoutAttr layout = getLayout(user->getOperand(operand).getType());
  for (auto [factors, unordered, from, then] :
       llvm::zip(rule.operands[operand], free.operands[operand],
                 layout.getDims(), to.getDims()))
    if (!unordered.empty() && from != then &&
        free.factors[unordered.front()].kind == FactorKind::Reduction &&
        rule.factors[factors.back()].kind == FactorKind::Whole)
      return true;
  return false;
}

/// Gives the operand the layout, by a reshard unless it has it.
LogicalResult LayoutCompleter::reshard(Operation *user, unsigned operand,
                                       LayoutAttr to) {
  Value value = user->getOperand(operand);
  auto type = cast<RankedTensorType>(value.getType());
  if (getLayout(type) == to)
    return success();
  Value &made = resharded[{value, to}];
  if (!made) {
    auto plan = planReshard(type, to, mesh, isReproducible(user));
    if (!plan)
      return user->emitOpError("needs operand ")
             << operand << " as " << to << ", but it is " << getLayout(type)
             << ": a value cannot be made partial over more than it is";
    if (isGatheredForOrder(user, operand, to)) {
      gathered.insert(user);
      gatheredBytes += plan->bytes;
    }
    conflicts.add(user, operand, to, plan->bytes);
    builder.setInsertionPoint(user);
    Operation *source = value.getDefiningOp();
    made =
        ReshardOp::create(builder, source ? source->getLoc() : user->getLoc(),
                          withLayout(type, to), value,
                          builder.getStringAttr(origin(user, operand, to)));
    ++reshards;
    if (getLayout(type).isPartial() && !to.isPartial())
      completed.try_emplace(value, made);
  }
  user->setOperand(operand, made);
  return success();
}

/// What sharded the dimensions that the op reduces, and what it adds up.
std::string LayoutCompleter::whyPartial(ShardableOpInterface op,
                                        const ShardingRule &rule,
                                        const OpSharding &sharding) {
  llvm::SetVector<StringRef> origins;
  for (auto [number, operand] : llvm::enumerate(op->getOperands()))
    for (auto [dim, factors] : llvm::enumerate(rule.operands[number]))
      for (unsigned factor : factors)
        if (!sharding.factors[factor].empty() &&
            rule.factors[factor].kind == FactorKind::Reduction)
          origins.insert(propagation.describe(operand, dim));
  for (unsigned number : llvm::reverse(sharding.partialOperands))
    origins.insert(partialOrigins[op->getOperand(number)]);
  // The latest is what the reader of a deep sum looks for.
  return origins.empty() ? "a partial argument" : origins.front().str();
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
