//===- MarkStorage.cpp - What a step stores in shards -----------*- C++ -*-===//
//
// Steps:
//   1. take ZeRO's stage and axes from the options or the plan file;
//   2. mark what the step updates and the stage covers;
//   3. where the plan pins one over these axes, that is its storage, and what
//      is left of the layout is what computations see; state that the plan does
//      not pin lies like its parameter.
//
//===----------------------------------------------------------------------===//
#include "dialects/Dist/FactorAxes.h"
#include "dialects/Graph/Graph.h"
#include "passes/Plan/Passes.h"
#include "vescale/Planner/PlanFile.h"
#include "vescale/Support/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace vescale::dist {
#define GEN_PASS_DEF_MARKSTORAGEPASS
#include "passes/Plan/Passes.h.inc"
} // namespace vescale::dist

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;

namespace {
struct MarkStorage : vescale::dist::impl::MarkStoragePassBase<MarkStorage> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(report(run(), &getContext())))
      signalPassFailure();
  }

private:
  llvm::Error run();
  llvm::Expected<StoragePlan> resolve();
  void mark(graph::ParameterOp op, AxesAttr axes);

  /// How the plan says that a parameter is stored.
  llvm::StringMap<LayoutAttr> stored;
};
} // namespace

static llvm::Error error(const Twine &what) {
  return llvm::createStringError(what);
}

/// The options and the plan, each for what it says.
llvm::Expected<StoragePlan> MarkStorage::resolve() {
  std::optional<int64_t> level, planLevel;
  std::optional<std::vector<std::string>> axes, planAxes;
  if (zero != -1)
    level = zero;
  if (!zeroAxes.empty())
    for (StringRef axis : llvm::split(zeroAxes, ','))
      (axes ? *axes : axes.emplace()).push_back(axis.str());
  if (!plan.empty()) {
    llvm::Expected<PlanFile> file = readPlan(plan);
    if (!file)
      return file.takeError();
    if (file->storage) {
      planLevel = file->storage->zero;
      planAxes = file->storage->axes;
    }
  }
  llvm::Expected<std::optional<int64_t>> agreed = agree(
      "zero=" + Twine(zero), level,
      plan + ": \"storage\", whose \"zero\" is " + Twine(planLevel.value_or(0)),
      planLevel);
  if (!agreed)
    return agreed.takeError();
  auto agreedAxes =
      agree("zero-axes=" + zeroAxes, axes,
            plan + ": \"storage\", whose \"axes\" are " +
                llvm::join(planAxes.value_or(std::vector<std::string>()), ","),
            planAxes);
  if (!agreedAxes)
    return agreedAxes.takeError();
  StoragePlan storage;
  storage.zero = agreed->value_or(0);
  if (*agreedAxes)
    storage.axes = **agreedAxes;
  if (storage.zero < 0 || storage.zero > 3)
    return error("zero is " + Twine(storage.zero) + "; it can be 0 to 3");
  if (axes && storage.zero == 0)
    return error("zero-axes=" + zeroAxes +
                 " says nothing without zero, which can be 1 to 3");
  return storage;
}

/// Takes the axes out of each dimension; the same layout if it has none.
static LayoutAttr without(LayoutAttr layout, AxesAttr axes) {
  for (auto [dim, list] : llvm::enumerate(layout.getDims())) {
    SmallVector<AxisRefAttr> kept;
    for (AxisRefAttr axis : list)
      if (!overlaps({axis}, axes.getAxes()))
        kept.push_back(axis);
    if (kept.size() != list.getAxes().size())
      layout = layout.withDim(dim, AxesAttr::get(layout.getContext(), kept));
  }
  return layout;
}

void MarkStorage::mark(graph::ParameterOp op, AxesAttr axes) {
  op->setAttr(kStorageAttr, axes);
  auto seed = op->getAttrOfType<SeedAttr>(kSeedAttr);
  if (!seed || !seed.getPinned())
    return;
  LayoutAttr computed = without(seed.getLayout(), axes);
  if (computed == seed.getLayout())
    return;
  op->setAttr(kStorageAttr, seed.getLayout());
  stored.try_emplace(op.getName(), seed.getLayout());
  op->setAttr(kSeedAttr,
              SeedAttr::get(&getContext(), computed, seed.getPriority(), true,
                            seed.getOrigin()));
}

llvm::Error MarkStorage::run() {
  ModuleOp module = getOperation();
  llvm::Expected<StoragePlan> storage = resolve();
  if (!storage)
    return storage.takeError();
  bool isTrained = module->hasAttr(graph::kTrainAttr);
  if (storage->zero > 0 && !isTrained)
    return error("zero is about training steps, and the model is not trained");
  if (!isTrained)
    return llvm::Error::success();
  auto meshes = module.getOps<MeshOp>();
  if (!llvm::hasSingleElement(meshes))
    return error("the module needs exactly one dist.mesh");
  Builder builder(&getContext());
  auto axes = AxesAttr::get(&getContext(), ArrayRef<AxisRefAttr>());
  if (storage->zero > 0) {
    llvm::Expected<AxesAttr> parsed =
        toAxes(storage->axes, (*meshes.begin()).getAxes());
    if (!parsed)
      return error("zero-axes '" + llvm::join(storage->axes, ",") +
                   "': " + llvm::toString(parsed.takeError()));
    axes = *parsed;
  }
  module->setAttr(
      kZeroAttr,
      builder.getArrayAttr({builder.getI64IntegerAttr(storage->zero), axes}));
  llvm::StringSet<> updated;
  module.walk([&](graph::UpdateOp op) {
    updated.insert(op.getParameterOp().getName());
  });
  module.walk([&](graph::ParameterOp op) {
    bool isKept = op->hasAttr(graph::kTransientAttr);
    int64_t level = isKept ? 2 : op.getInit() ? 1 : 3;
    if (storage->zero >= level && updated.contains(op.getName()) &&
        graph::rankOf(op.getResult()) > 0)
      mark(op, axes);
  });
  module.walk([&](graph::ParameterOp op) {
    auto [owner, suffix] = op.getName().split('#');
    LayoutAttr layout = stored.lookup(owner);
    if (layout && !suffix.empty() && !op->hasAttr(kSeedAttr) &&
        op->hasAttr(kStorageAttr) &&
        layout.getRank() == graph::rankOf(op.getResult()))
      op->setAttr(kStorageAttr, layout);
  });
  return llvm::Error::success();
}
