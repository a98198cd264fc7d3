//===- Propagation.cpp - Spreads sharding along factors ---------*- C++ -*-===//
//
// For one op:
//   1. each tensor proposes axes for the factors of its dimensions;
//   2. proposals for a factor of which one continues the other make the longer
//      one; where they contradict, only what they have in common counts;
//   3. each tensor takes over longer proposals for its dimensions, unless an
//      axis is in use for another factor of the op or in another dimension.
// Axes are only ever appended, so the sweeps come to an end.
//
//===----------------------------------------------------------------------===//
#include "passes/Plan/Propagation.h"
#include "dialects/Graph/Graph.h"
#include <set>

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;

ValueState &Propagation::state(Value value) {
  ValueState &state = states[value];
  size_t rank = cast<RankedTensorType>(value.getType()).getRank();
  if (state.dims.size() != rank) {
    state.dims.resize(rank);
    state.origins.assign(rank, -1);
  }
  return state;
}

const ValueState &Propagation::get(Value value) { return state(value); }

const ShardingRule &Propagation::getRule(ShardableOpInterface op) {
  auto [it, inserted] = rules.try_emplace(op.getOperation());
  if (inserted)
    it->second = dist::getRule(op);
  return it->second;
}

SeedAttr Propagation::seedOf(Value value, int64_t dim) {
  int origin = state(value).origins[dim];
  return origin < 0 ? SeedAttr() : seeds[origin].seed;
}

StringRef Propagation::describePin(Value value) {
  for (const Seed &seed : llvm::reverse(seeds))
    if (seed.value == value && seed.seed.getPinned())
      return seed.seed.getOrigin();
  return "nothing";
}

StringRef Propagation::describe(Value value, int64_t dim) {
  SeedAttr seed = seedOf(value, dim);
  return seed ? seed.getOrigin() : "nothing";
}

void Propagation::forget(Operation *op) {
  for (Value result : op->getResults())
    states.erase(result);
  rules.erase(op);
}

void Propagation::pin(Value value, LayoutAttr layout) {
  ValueState &target = state(value);
  target.pinned = layout;
  for (auto [list, axes] : llvm::zip_equal(target.dims, layout.getDims()))
    list = normalize(axes.getAxes(), mesh);
}

void Propagation::addSeed(Value value, SeedAttr seed) {
  seeds.push_back({value, seed});
}

void Propagation::addStorage(Value value, AxesAttr axes) {
  storages.emplace_back(value, axes);
}

void Propagation::addStorage(Value value, LayoutAttr layout) {
  decidedStorages.emplace_back(value, layout);
}

void Propagation::plant(const Seed &seed, int index) {
  ValueState &target = state(seed.value);
  LayoutAttr layout = seed.seed.getLayout();
  if (seed.seed.getPinned())
    target.pinned = layout;
  for (auto [dim, axes] : llvm::enumerate(layout.getDims())) {
    AxisList wanted = normalize(axes.getAxes(), mesh);
    if (seed.seed.getPinned()) {
      target.dims[dim] = wanted;
      target.origins[dim] = index;
      continue;
    }
    // What earlier rounds did stays.
    bool used = false;
    for (auto [other, list] : llvm::enumerate(target.dims))
      used |= other != dim && overlaps(list, wanted);
    std::optional<AxisList> longer = dropPrefix(wanted, target.dims[dim], mesh);
    if (used || !longer || longer->empty())
      continue;
    target.dims[dim] = wanted;
    target.origins[dim] = index;
  }
}

/// Whether the value is a parameter or made by the optimizer.
static bool isStoredOrUpdated(Value value) {
  Operation *op = value.getDefiningOp();
  return op &&
         (isa<graph::ParameterOp>(op) || op->hasAttr(graph::kOptimizerAttr));
}

ValueState &Propagation::current(Value value) {
  if (!inOptimizer || isStoredOrUpdated(value))
    return state(value);
  // What gradients are made from stays as it is, and so do they.
  auto found = readByOptimizer.find(value);
  if (found != readByOptimizer.end())
    return found->second;
  ValueState own = state(value);
  own.pinned = {};
  return readByOptimizer[value] = std::move(own);
}

void Propagation::collect(const TensorFactors &tensor, Value value,
                          const ShardingRule &rule,
                          SmallVectorImpl<Proposal> &proposals) {
  const ValueState &from = current(value);
  for (auto [dim, factors] : llvm::enumerate(tensor)) {
    FactorAxes axes(rule.factors.size());
    bool fits = true;
    projectDim(from.dims[dim], factors, rule, mesh, axes, fits);
    for (unsigned factor : factors) {
      if (axes[factor].empty())
        continue;
      Proposal &best = proposals[factor];
      if (best.conflict) {
        best.axes = commonPrefix(best.axes, axes[factor], mesh);
      } else if (dropPrefix(axes[factor], best.axes, mesh)) {
        if (best.axes != axes[factor])
          best.origin = from.origins[dim];
        best.axes = axes[factor];
      } else if (!dropPrefix(best.axes, axes[factor], mesh)) {
        best.axes = commonPrefix(best.axes, axes[factor], mesh);
        best.conflict = true;
      }
    }
  }
}

void Propagation::meet(Value value, Value other) {
  const ValueState from = state(other);
  ValueState &target = state(value);
  for (auto [dim, axes] : llvm::enumerate(from.dims)) {
    target.dims[dim] = commonPrefix(target.dims[dim], axes, mesh);
    if (target.dims[dim].empty())
      target.origins[dim] = -1;
  }
}

static bool usesTwice(ArrayRef<AxisRefAttr> axes) {
  for (size_t i = 0; i < axes.size(); ++i)
    if (overlaps(axes.take_front(i), axes[i]))
      return true;
  return false;
}

bool Propagation::extend(const TensorFactors &tensor, Value value,
                         const ShardingRule &rule,
                         ArrayRef<Proposal> proposals) {
  ValueState &target = current(value);
  if (target.pinned)
    return false;
  auto shape = cast<RankedTensorType>(value.getType()).getShape();
  FactorAxes axes;
  for (const Proposal &proposal : proposals)
    axes.push_back(proposal.axes);
  bool changed = false;
  for (auto [dim, factors] : llvm::enumerate(tensor)) {
    bool fits = true;
    AxisList wanted = composeDim(factors, axes, rule, mesh, fits);
    std::optional<AxisList> added = dropPrefix(wanted, target.dims[dim], mesh);
    if (!added || added->empty() || numShards(wanted, mesh) > shape[dim])
      continue;
    // In another dimension, or by another factor of this one.
    bool used = usesTwice(wanted);
    for (auto [other, list] : llvm::enumerate(target.dims))
      used |= other != dim && overlaps(list, *added);
    for (auto [factor, list] : llvm::enumerate(axes))
      used |= !llvm::is_contained(factors, factor) && overlaps(list, *added);
    if (used)
      continue;
    target.dims[dim] = wanted;
    for (unsigned factor : factors)
      if (proposals[factor].origin >= 0)
        target.origins[dim] = proposals[factor].origin;
    changed = true;
  }
  return changed;
}

bool Propagation::propagate(ShardableOpInterface op) {
  if (inOptimizer && !op->hasAttr(graph::kOptimizerAttr))
    return false;
  const ShardingRule &rule = getRule(op);
  SmallVector<Proposal> proposals(rule.factors.size());
  for (auto [tensor, value] : llvm::zip_equal(rule.results, op->getResults()))
    collect(tensor, value, rule, proposals);
  for (auto [tensor, value] : llvm::zip_equal(rule.operands, op->getOperands()))
    collect(tensor, value, rule, proposals);
  bool changed = false;
  for (auto [tensor, value] : llvm::zip_equal(rule.results, op->getResults()))
    changed |= extend(tensor, value, rule, proposals);
  for (auto [tensor, value] : llvm::zip_equal(rule.operands, op->getOperands()))
    changed |= extend(tensor, value, rule, proposals);
  return changed;
}

void Propagation::spread(Block &block) {
  bool changed = true;
  while (changed) {
    changed = false;
    for (Operation &op : block)
      if (auto shardable = dyn_cast<ShardableOpInterface>(op))
        changed |= propagate(shardable);
    for (Operation &op : llvm::reverse(block))
      if (auto shardable = dyn_cast<ShardableOpInterface>(op))
        changed |= propagate(shardable);
  }
}

void Propagation::plantStorage(Value value, AxesAttr axes) {
  ValueState &target = state(value);
  AxisList added = normalize(axes.getAxes(), mesh);
  for (const AxisList &list : target.dims)
    if (overlaps(list, added))
      return; // computations shard it over them already
  auto shape = cast<RankedTensorType>(value.getType()).getShape();
  int64_t best = -1;
  for (auto [dim, size] : llvm::enumerate(shape)) {
    int64_t shards = numShards(target.dims[dim], mesh) * numShards(added, mesh);
    if (size % shards == 0) {
      best = dim;
      break;
    }
    if (size >= shards && (best < 0 || size > shape[best]))
      best = dim;
  }
  if (best < 0)
    return;
  target.dims[best].append(added.begin(), added.end());
  target.dims[best] = normalize(target.dims[best], mesh);
  target.pinned = {}; // for computations
  // For messages.
  auto layout = LayoutAttr::getReplicated(
      FlatSymbolRefAttr::get(value.getContext(), "mesh"), shape.size());
  target.origins[best] = seeds.size();
  seeds.push_back({value, SeedAttr::get(value.getContext(), layout, 0, false,
                                        "where state is stored")});
}

void Propagation::run(Block &block) {
  std::set<int64_t> priorities;
  for (const Seed &seed : seeds)
    priorities.insert(seed.seed.getPriority());
  for (int64_t priority : priorities) {
    for (auto [index, seed] : llvm::enumerate(seeds))
      if (seed.seed.getPriority() == priority)
        plant(seed, index);
    spread(block);
  }
  if (storages.empty() && decidedStorages.empty())
    return;
  inOptimizer = true;
  for (auto [value, layout] : decidedStorages)
    pin(value, layout);
  for (auto [value, axes] : storages)
    plantStorage(value, axes);
  spread(block);
}
