//===- ApplyDefaultLayouts.cpp - What a mesh's axes stand for ---*- C++ -*-===//
//
// The layouts that everyone expects of axes called dp and tp, found by the
// structure of the program. Seeds few values; propagation does the rest.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Graph.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Plan/HiddenDims.h"
#include "passes/Plan/Passes.h"
#include "vescale/Planner/PlanFile.h"
#include "vescale/Support/Diagnostics.h"
#include "vescale/Support/Location.h"

namespace vescale::dist {
#define GEN_PASS_DEF_APPLYDEFAULTLAYOUTSPASS
#include "passes/Plan/Passes.h.inc"
} // namespace vescale::dist

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;

namespace {
/// Seeds one function.
class Seeder {
public:
  Seeder(func::FuncOp func, MeshAttr mesh, FlatSymbolRefAttr meshRef)
      : func(func), mesh(mesh), meshRef(meshRef) {}

  void shardBatch(StringRef axis);
  void shardHeads(StringRef axis);
  void shardHidden(StringRef axis);
  void shardVocabulary(StringRef axis);
  void shardSequence(StringRef axis);
  void shardPositions(StringRef axis);
  void repeatSeeds();

private:
  /// Each attention and gradient of one whose heads the axis can shard; a
  /// remark on those that it can't.
  void forEachAttention(StringRef axis, function_ref<void(Operation *)> shard);
  SeedAttr seed(Type type, int64_t dim, StringRef axis, StringRef why,
                int64_t priority = 0);
  void set(Value value, int64_t dim, StringRef axis, StringRef why,
           int64_t priority = 0);

  func::FuncOp func;
  MeshAttr mesh;
  FlatSymbolRefAttr meshRef;
};
} // namespace

SeedAttr Seeder::seed(Type type, int64_t dim, StringRef axis, StringRef why,
                      int64_t priority) {
  MLIRContext *context = func.getContext();
  auto replicated = LayoutAttr::getReplicated(
      meshRef, cast<RankedTensorType>(type).getRank());
  auto axes = AxesAttr::get(context, AxisRefAttr::get(context, axis));
  return SeedAttr::get(context, replicated.withDim(dim, axes), priority, false,
                       ("\"" + axis + "\" on " + why).str());
}

/// The first seed with another one's axis added, minor to those that the
/// dimension has; unchanged where it has the axis.
static SeedAttr join(SeedAttr first, int64_t dim, AxisRefAttr axis,
                     StringRef origin) {
  LayoutAttr layout = first.getLayout();
  if (layout.uses(axis))
    return first;
  SmallVector<AxisRefAttr> axes(layout.getDims()[dim].begin(),
                                layout.getDims()[dim].end());
  axes.push_back(axis);
  MLIRContext *context = first.getContext();
  return SeedAttr::get(context,
                       layout.withDim(dim, AxesAttr::get(context, axes)),
                       first.getPriority(), first.getPinned(),
                       (first.getOrigin() + " and " + origin).str());
}

/// A value keeps the first seed it gets, extended by others of its priority.
void Seeder::set(Value value, int64_t dim, StringRef axis, StringRef why,
                 int64_t priority) {
  SeedAttr attribute = seed(value.getType(), dim, axis, why, priority);
  auto argument = dyn_cast<BlockArgument>(value);
  auto before =
      argument
          ? func.getArgAttrOfType<SeedAttr>(argument.getArgNumber(), kSeedAttr)
          : value.getDefiningOp()->getAttrOfType<SeedAttr>(kSeedAttr);
  if (before && before.getPriority() != priority)
    return;
  if (before)
    attribute = join(before, dim, AxisRefAttr::get(func.getContext(), axis),
                     attribute.getOrigin());
  if (argument)
    func.setArgAttr(argument.getArgNumber(), kSeedAttr, attribute);
  else
    value.getDefiningOp()->setAttr(kSeedAttr, attribute);
}

void Seeder::shardBatch(StringRef axis) {
  std::optional<int64_t> batch;
  for (BlockArgument argument : func.getArguments()) {
    ArrayRef<int64_t> shape = graph::shapeOf(argument);
    if (!batch)
      batch = shape.empty() ? 1 : shape[0];
    if (!shape.empty() && shape[0] == *batch && *batch > 1)
      set(argument, 0, axis, "the batch");
  }
}

void Seeder::forEachAttention(StringRef axis,
                              function_ref<void(Operation *)> shard) {
  int64_t ranks = mesh.getAxisSize(axis);
  SmallVector<Operation *> whole;
  func.walk([&](Operation *op) {
    if (!isa<graph::AttentionOp, graph::AttentionGradOp>(op))
      return;
    int64_t heads = graph::shapeOf(op->getOperand(0))[1];
    int64_t keyHeads = graph::shapeOf(op->getOperand(1))[1];
    if (keyHeads % ranks == 0 || (ranks % keyHeads == 0 && heads % ranks == 0))
      shard(op);
    else
      whole.push_back(op);
  });
  if (whole.empty())
    return;
  Operation *first = whole.front();
  InFlightDiagnostic remark =
      first->emitRemark("attention keeps its ")
      << graph::shapeOf(first->getOperand(0))[1] << " heads ("
      << graph::shapeOf(first->getOperand(1))[1]
      << " of keys and values) on each of " << ranks << " ranks of \"" << axis
      << "\", which do not divide them; choose a size that does";
  if (whole.size() > 1)
    remark.attachNote() << "so do " << whole.size() - 1 << " others";
}

void Seeder::shardHeads(StringRef axis) {
  forEachAttention(axis, [&](Operation *op) {
    if (isa<graph::AttentionOp>(op))
      set(op->getResult(0), 1, axis, "attention heads");
  });
}

void Seeder::shardHidden(StringRef axis) {
  for (const HiddenDim &hidden : findHiddenDims(func.front()))
    set(hidden.value, hidden.dim, axis, "a hidden dimension");
}

/// The largest table that indices look up is the vocabulary; a last product of
/// that width gives its logits.
void Seeder::shardVocabulary(StringRef axis) {
  int64_t rows = 0;
  SmallVector<graph::TakeOp> lookups;
  func.walk([&](graph::TakeOp op) {
    if (op.getAxis() == 0 && op.getData().getDefiningOp<graph::ParameterOp>() &&
        graph::rankOf(op.getData()) == 2) {
      lookups.push_back(op);
      rows = std::max(rows, graph::shapeOf(op.getData())[0]);
    }
  });
  for (graph::TakeOp op : lookups)
    if (graph::shapeOf(op.getData())[0] == rows)
      set(op.getData(), 0, axis, "the vocabulary");
  func.walk([&](graph::DotOp op) {
    int64_t last = graph::rankOf(op.getResult()) - 1;
    if (!lookups.empty() && !op->hasAttr(graph::kBackwardAttr) &&
        op.getRhsFree().size() == 1 &&
        graph::shapeOf(op.getResult())[last] == rows)
      set(op.getResult(), last, axis, "the vocabulary");
  });
}

/// Norms look at each position alone, so that between the blocks that need
/// whole sequences the positions are sharded.
void Seeder::shardSequence(StringRef axis) {
  func.walk([&](Operation *op) {
    int64_t normalized = -1;
    if (auto norm = dyn_cast<graph::LayerNormOp>(op))
      normalized = norm.getAxis();
    if (auto norm = dyn_cast<graph::RmsNormOp>(op))
      normalized = norm.getAxis();
    if (normalized < 2 || graph::rankOf(op->getResult(0)) != normalized + 1)
      return;
    // Attention's norms of queries and keys have heads before positions.
    if (graph::rankOf(op->getResult(0)) != 3)
      return;
    set(op->getOperand(0), normalized - 1, axis, "the sequence", 1);
    set(op->getResult(0), normalized - 1, axis, "the sequence", 1);
  });
}

/// Ulysses (Jacobs et al., DeepSpeed Ulysses, 2023): positions are sharded from
/// the inputs on; attention, which needs them whole, may shard its heads
/// instead.
void Seeder::shardPositions(StringRef axis) {
  auto axes = AxesAttr::get(func.getContext(),
                            AxisRefAttr::get(func.getContext(), axis));
  forEachAttention(axis, [&](Operation *op) {
    op->setAttr(kOfferAttr,
                LayoutAttr::getReplicated(meshRef, 4).withDim(1, axes));
  });
  std::optional<int64_t> positions;
  for (BlockArgument argument : func.getArguments()) {
    ArrayRef<int64_t> shape = graph::shapeOf(argument);
    if (shape.size() < 2)
      continue;
    if (!positions)
      positions = shape[1];
    if (shape[1] == *positions && *positions > 1)
      set(argument, 1, axis, "positions");
  }
}

/// What is computed again is laid out as it was at first.
void Seeder::repeatSeeds() {
  DenseMap<Attribute, Operation *> first;
  for (Operation &op : func.front()) {
    Attribute number = op.getAttr(graph::kRecomputedAttr);
    if (!number)
      continue;
    Operation *original = first.try_emplace(number, &op).first->second;
    for (StringRef name : {kSeedAttr, kOfferAttr})
      if (Attribute said = original->getAttr(name); said && !op.hasAttr(name))
        op.setAttr(name, said);
  }
}

namespace {
struct ApplyDefaultLayouts
    : vescale::dist::impl::ApplyDefaultLayoutsPassBase<ApplyDefaultLayouts> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    Location unknown = UnknownLoc::get(&getContext());
    llvm::Expected<PlanFile> plan = parseMesh(mesh);
    if (failed(report(plan.takeError(), &getContext())))
      return signalPassFailure();
    MeshAttr axes = toMesh(*plan, &getContext());
    bool isUlysses = sp == "ulysses";
    if (sp.empty() && !spAxis.empty()) {
      emitError(unknown) << "sp-axis '" << spAxis
                         << "' says nothing without sp, which can be megatron "
                            "or ulysses";
      return signalPassFailure();
    }
    std::string sequenceAxis = spAxis;
    if (sequenceAxis.empty())
      sequenceAxis = isUlysses ? "sp" : "tp";
    for (const auto &[name, size] : plan->mesh)
      if (name != "dp" && name != "tp" && size > 1 &&
          !(isUlysses && name == sequenceAxis)) {
        emitError(unknown) << "mesh axis '" << name
                           << "' has no usual meaning here (dp and tp have); "
                              "say with a plan file what it shards";
        return signalPassFailure();
      }
    if (!sp.empty() && sp != "megatron" && !isUlysses) {
      emitError(unknown) << "sp '" << sp
                         << "' is unknown; it can be megatron or ulysses";
      return signalPassFailure();
    }
    if (!sp.empty() && !axes.hasAxis(sequenceAxis)) {
      emitError(unknown) << "sp-axis '" << sequenceAxis
                         << "' is not in the mesh '" << mesh << "'";
      return signalPassFailure();
    }
    if (!module.getOps<MeshOp>().empty()) {
      emitError(unknown, "the module has a mesh already");
      return signalPassFailure();
    }
    OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
    MeshOp::create(builder, unknown, "mesh", axes);
    auto meshRef = FlatSymbolRefAttr::get(&getContext(), "mesh");
    for (auto func : module.getOps<func::FuncOp>()) {
      if (func.isExternal())
        continue;
      Seeder seeder(func, axes, meshRef);
      if (axes.getAxisSize("dp") > 1)
        seeder.shardBatch("dp");
      if (axes.getAxisSize("tp") > 1) {
        seeder.shardHeads("tp");
        seeder.shardHidden("tp");
        seeder.shardVocabulary("tp");
      }
      if (!sp.empty() && axes.getAxisSize(sequenceAxis) > 1)
        isUlysses ? seeder.shardPositions(sequenceAxis)
                  : seeder.shardSequence(sequenceAxis);
      seeder.repeatSeeds();
    }
  }
};
} // namespace
