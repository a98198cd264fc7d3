//===- Recompute.cpp - train-recompute --------------------------*- C++ -*-===//
//
// Terms. A forward value is *read back* if the backward program uses it. It is
// *saved* if it stays in memory until then; others are recomputed from saved
// ones, where they are first used. A *cut* is a forward value through which all
// data flows: at its op nothing else that depends on inputs and on parameters
// is alive. In a transformer these are the states of the residual stream.
//
// 1. Find the values that depend on trained parameters, and the cuts.
// 2. Decide what is saved: with `selective` what products, convolutions,
//    attention and lookups give, and cuts; with `full` cuts alone; with a list
//    all but what listed nodes give, and what listed modules keep to
//    themselves.
// 3. Walk the backward program in order and give each op clones of the forward
//    ops whose results it reads back, as deep as needed, each cloned once.
//
// Clones carry graph.backward and graph.recomputed, which keeps them apart from
// the originals (Chen et al., Training Deep Nets with Sublinear Memory Cost,
// 2016).
//
//===----------------------------------------------------------------------===//
#include "mlir/IR/IRMapping.h"
#include "passes/Train/Options.h"
#include "passes/Train/Passes.h"
#include "passes/Train/Regions.h"
#include "vescale/Planner/PlanFile.h"
#include "vescale/Support/Diagnostics.h"

namespace vescale::train {
#define GEN_PASS_DEF_TRAINRECOMPUTE
#include "passes/Train/Passes.h.inc"
} // namespace vescale::train

using namespace mlir;
using namespace vescale;
using namespace vescale::train;
using namespace vescale::graph;

static bool isForward(Operation *op) {
  return !op->hasAttr(kBackwardAttr) && !op->hasAttr(kOptimizerAttr) &&
         !op->hasTrait<OpTrait::IsTerminator>();
}

namespace {
class Recompute {
public:
  Recompute(func::FuncOp func, RecomputePlan::Kind kind, Regions &regions)
      : body(func.front()), kind(kind), regions(regions) {}

  /// Returns how many ops were cloned.
  int64_t run();

private:
  void findActive();
  void findCuts();
  bool isSaved(Value value) const;
  Value recompute(Value value, OpBuilder &builder);

  Block &body;
  RecomputePlan::Kind kind;
  Regions &regions;
  /// Values that depend on what is trained, and those of them that depend on
  /// inputs as well.
  DenseSet<Value> active, data;
  DenseSet<Value> cuts;
  IRMapping clones;
  int64_t cloned = 0;
};
} // namespace

void Recompute::findActive() {
  for (auto update : body.getOps<UpdateOp>())
    active.insert(update.getParameter());
  DenseSet<Value> fromInputs;
  fromInputs.insert_range(body.getArguments());
  for (Operation &op : body) {
    if (!isForward(&op))
      continue;
    auto dependsOn = [&](const DenseSet<Value> &values) {
      return llvm::any_of(op.getOperands(), [&](Value operand) {
        return values.contains(operand);
      });
    };
    bool isActive = dependsOn(active), isFed = dependsOn(fromInputs);
    if (isActive)
      active.insert_range(op.getResults());
    if (isFed)
      fromInputs.insert_range(op.getResults());
    if (isActive && isFed)
      data.insert_range(op.getResults());
  }
}

void Recompute::findCuts() {
  // How many forward ops still read each active result.
  DenseMap<Value, int64_t> readers;
  DenseSet<Value> alive;
  for (Operation &op : body)
    if (isForward(&op))
      for (Value operand : op.getOperands())
        if (data.contains(operand))
          ++readers[operand];
  for (Operation &op : body) {
    if (!isForward(&op))
      continue;
    for (Value operand : op.getOperands())
      if (data.contains(operand) && --readers[operand] == 0)
        alive.erase(operand);
    for (Value result : op.getResults())
      if (data.contains(result) && readers.lookup(result) > 0)
        alive.insert(result);
    if (alive.size() == 1 && alive.contains(op.getResult(0)))
      cuts.insert(op.getResult(0));
  }
}

bool Recompute::isSaved(Value value) const {
  Operation *op = value.getDefiningOp();
  // What lies in memory anyway, or is made out of nothing where it is used.
  if (!op || isa<ParameterOp, ConstantOp>(op))
    return true;
  if (kind == RecomputePlan::Listed)
    return !regions.isInside(value);
  if (cuts.contains(value))
    return true;
  return kind == RecomputePlan::Selective &&
         isa<DotOp, ConvOp, AttentionOp, TakeOp>(op);
}

Value Recompute::recompute(Value value, OpBuilder &builder) {
  if (isSaved(value))
    return value;
  if (Value known = clones.lookupOrNull(value))
    return known;
  Operation *op = value.getDefiningOp();
  for (Value operand : op->getOperands())
    if (!clones.contains(operand))
      if (Value made = recompute(operand, builder); made != operand)
        clones.map(operand, made);
  op->setAttr(kRecomputedAttr, builder.getI64IntegerAttr(cloned));
  Operation *clone = builder.clone(*op, clones);
  clone->setAttr(kBackwardAttr, builder.getUnitAttr());
  ++cloned;
  return clones.lookup(value);
}

int64_t Recompute::run() {
  findActive();
  findCuts();
  SmallVector<Operation *> backward;
  for (Operation &op : body)
    if (op.hasAttr(kBackwardAttr))
      backward.push_back(&op);
  for (Operation *op : backward) {
    OpBuilder builder(op);
    for (OpOperand &operand : op->getOpOperands()) {
      Operation *source = operand.get().getDefiningOp();
      if (source && isForward(source) && active.contains(operand.get()))
        operand.set(recompute(operand.get(), builder));
    }
  }
  return cloned;
}

namespace {
struct RecomputePass : train::impl::TrainRecomputeBase<RecomputePass> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(report(run(), &getContext())))
      signalPassFailure();
  }

private:
  llvm::Error run();
  llvm::Expected<RecomputePlan> resolve();
};
} // namespace

/// The option or the plan.
llvm::Expected<RecomputePlan> RecomputePass::resolve() {
  std::optional<RecomputePlan> flag, field;
  if (!mode.empty()) {
    llvm::Expected<RecomputePlan> parsed = parseRecompute(mode);
    if (!parsed)
      return parsed.takeError();
    flag = *parsed;
  }
  if (!plan.empty()) {
    llvm::Expected<PlanFile> file = readPlan(plan);
    if (!file)
      return file.takeError();
    field = file->recompute;
  }
  auto agreed = agree("recompute=" + mode, flag,
                      plan + ": \"recompute\", which is " +
                          (field ? printRecompute(*field) : ""),
                      field);
  if (!agreed)
    return agreed.takeError();
  return agreed->value_or(RecomputePlan());
}

llvm::Error RecomputePass::run() {
  llvm::Expected<RecomputePlan> chosen = resolve();
  if (!chosen)
    return chosen.takeError();
  getOperation()->setAttr(
      kRecomputeAttr, StringAttr::get(&getContext(), printRecompute(*chosen)));
  if (chosen->kind == RecomputePlan::None)
    return llvm::Error::success();
  llvm::Expected<Regions> regions = Regions::create(chosen->names);
  if (!regions)
    return regions.takeError();
  for (auto func : getOperation().getOps<func::FuncOp>())
    if (!func.isExternal())
      clonedOps += Recompute(func, chosen->kind, *regions).run();
  return regions->checkUsed();
}
