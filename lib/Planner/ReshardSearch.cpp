//===- ReshardSearch.cpp - Shortest ways between layouts --------*- C++ -*-===//
//
// Dijkstra's algorithm over layouts. Terms:
//   atom    a piece of a mesh axis that neither layout splits further;
//   state   the atoms of each dimension, and those over which the value is
//           partial;
//   aligned shards of shards are shards: splitting a shard of ceil(n/M) over k
//           ranks gives the shards of n over M·k. Always so for M = 1.
// Steps:
//   1. cut the axes of both layouts into atoms;
//   2. expand states from the cheapest: gathers, slices, reductions,
//      all-to-alls and permutations that keep shards aligned;
//   3. follow the predecessors back from the goal.
// The cost of a step is what a bandwidth-optimal algorithm sends per rank.
//
//===----------------------------------------------------------------------===//
#include "lib/Planner/ReshardSearch.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;

std::string ReshardState::key() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  auto add = [&](llvm::ArrayRef<AxisRefAttr> axes) {
    for (AxisRefAttr axis : axes)
      os << axis.getName() << ':' << axis.getPreSize() << ':'
         << axis.getSubSize() << ',';
    os << ';';
  };
  for (const AxisList &axes : dims)
    add(axes);
  add(sorted(partial));
  return text;
}

ReshardSearch::ReshardSearch(RankedTensorType from, LayoutAttr to,
                             MeshAttr mesh, bool treeOrder)
    : mesh(mesh), shape(from.getShape()), treeOrder(treeOrder) {
  elementBytes = llvm::divideCeil(from.getElementTypeBitWidth(), 8);
  LayoutAttr layout = getLayout(from);
  auto cut = [&](ArrayRef<AxisRefAttr> axes) {
    for (AxisRefAttr axis : axes) {
      std::set<int64_t> &points = cuts[axis.getName().str()];
      points.insert(axis.getPreSize());
      points.insert(axis.getPreSize() * axis.getSize(mesh));
    }
  };
  for (LayoutAttr each : {layout, to}) {
    for (AxesAttr axes : each.getDims())
      cut(axes.getAxes());
    cut(each.getPartial().getAxes());
  }
  auto read = [&](LayoutAttr each) {
    ReshardState state;
    for (AxesAttr axes : each.getDims())
      state.dims.push_back(toAtoms(axes.getAxes()));
    state.partial = toAtoms(each.getPartial().getAxes());
    return state;
  };
  start = read(layout);
  goal = read(to);
}

AxisList ReshardSearch::toAtoms(ArrayRef<AxisRefAttr> axes) const {
  AxisList atoms;
  for (AxisRefAttr axis : axes) {
    int64_t pre = axis.getPreSize(), end = pre * axis.getSize(mesh);
    const std::set<int64_t> &points = cuts.at(axis.getName().str());
    int64_t total = mesh.getAxisSize(axis.getName());
    auto whole = AxisRefAttr::get(axis.getContext(), axis.getName());
    for (auto it = points.find(pre); *it < end;) {
      int64_t low = *it, high = *++it;
      if (low == 1 && high == total)
        atoms.push_back(whole);
      else
        atoms.push_back(AxisRefAttr::get(axis.getContext(), axis.getName(), low,
                                         high / low));
    }
  }
  return atoms;
}

int64_t ReshardSearch::localBytes(const ReshardState &state) const {
  int64_t bytes = elementBytes;
  for (auto [size, axes] : llvm::zip_equal(shape, state.dims))
    bytes *= shardSize(size, shards(axes));
  return bytes;
}

bool ReshardSearch::isAligned(int64_t dim, ArrayRef<AxisRefAttr> major,
                              ArrayRef<AxisRefAttr> minor) const {
  int64_t outer = shards(major), inner = shards(minor);
  return outer == 1 || shardSize(shape[dim], outer) ==
                           inner * shardSize(shape[dim], outer * inner);
}

void ReshardSearch::relax(const Node &from, ReshardState state,
                          ReshardStep step, int64_t bytes) {
  ReshardCost cost{from.cost.bytes + bytes, from.cost.steps + 1};
  std::string key = state.key();
  auto it = nodes.find(key);
  if (it != nodes.end() && !(cost < it->second.cost))
    return;
  for (const AxisList &axes : state.dims)
    step.dims.push_back(normalize(axes, mesh));
  nodes[key] = Node{std::move(state), cost, from.state.key(), std::move(step)};
  queue.push({cost.bytes, cost.steps, key});
}

/// The share of a tensor that one of k ranks does not hold itself.
static int64_t others(int64_t bytes, int64_t ranks) {
  return bytes / ranks * (ranks - 1);
}

void ReshardSearch::gathersAndMoves(const Node &node) {
  const ReshardState &state = node.state;
  for (size_t dim = 0; dim < shape.size(); ++dim) {
    ArrayRef<AxisRefAttr> axes = state.dims[dim];
    for (size_t keep = 0; keep < axes.size(); ++keep) {
      ArrayRef<AxisRefAttr> major = axes.take_front(keep),
                            minor = axes.drop_front(keep);
      if (!isAligned(dim, major, minor))
        continue;
      ReshardState next = state;
      next.dims[dim].assign(major.begin(), major.end());
      ReshardStep step;
      step.kind = ReshardStep::AllGather;
      step.dim = dim;
      step.axes.assign(minor.begin(), minor.end());
      relax(node, next, step, others(localBytes(next), shards(minor)));
      for (size_t to = 0; to < shape.size(); ++to) {
        if (to == dim || !isAligned(to, state.dims[to], minor))
          continue;
        ReshardState moved = next;
        moved.dims[to].append(minor.begin(), minor.end());
        ReshardStep move = step;
        move.kind = ReshardStep::AllToAll;
        move.fromDim = dim;
        move.dim = to;
        relax(node, moved, move, others(localBytes(state), shards(minor)));
      }
    }
  }
}

/// The axes that still have to follow `axes` on `dim`; empty if `axes` is no
/// major part of the goal's.
static ArrayRef<AxisRefAttr> remainder(ArrayRef<AxisRefAttr> goal,
                                       ArrayRef<AxisRefAttr> axes) {
  if (goal.take_front(axes.size()) != axes)
    return {};
  return goal.drop_front(axes.size());
}

void ReshardSearch::slices(const Node &node) {
  const ReshardState &state = node.state;
  auto isFree = [&](AxisRefAttr axis) {
    return !llvm::is_contained(state.partial, axis) &&
           llvm::none_of(state.dims, [&](const AxisList &axes) {
             return llvm::is_contained(axes, axis);
           });
  };
  for (size_t dim = 0; dim < shape.size(); ++dim) {
    ArrayRef<AxisRefAttr> missing = remainder(goal.dims[dim], state.dims[dim]);
    for (size_t count = 1; count <= missing.size(); ++count) {
      ArrayRef<AxisRefAttr> axes = missing.take_front(count);
      if (!isFree(axes.back()))
        break;
      if (!isAligned(dim, state.dims[dim], axes))
        continue;
      ReshardState next = state;
      next.dims[dim].append(axes.begin(), axes.end());
      ReshardStep step;
      step.kind = ReshardStep::Slice;
      step.dim = dim;
      step.axes.assign(axes.begin(), axes.end());
      relax(node, next, step, 0);
    }
  }
}

/// Whether the axes are the minor ones of those that are left, in order.
bool ReshardSearch::mayComplete(const ReshardState &state,
                                ArrayRef<AxisRefAttr> axes) const {
  ArrayRef<AxisRefAttr> left = state.partial;
  return !treeOrder ||
         (axes.size() <= left.size() && left.take_back(axes.size()) == axes);
}

void ReshardSearch::reductions(const Node &node) {
  const ReshardState &state = node.state;
  AxisList open;
  for (AxisRefAttr axis : state.partial)
    if (!llvm::is_contained(goal.partial, axis))
      open.push_back(axis);
  auto without = [&](ArrayRef<AxisRefAttr> axes) {
    ReshardState next = state;
    llvm::erase_if(next.partial, [&](AxisRefAttr axis) {
      return llvm::is_contained(axes, axis);
    });
    return next;
  };
  // All at once, or one of them, after which others may be scattered.
  for (size_t first = 0; first <= open.size() && !open.empty(); ++first) {
    ReshardStep step;
    step.kind = ReshardStep::AllReduce;
    if (first == open.size())
      step.axes = open;
    else
      step.axes.push_back(open[first]);
    if (!mayComplete(state, step.axes))
      continue;
    ReshardState next = without(step.axes);
    relax(node, next, step, 2 * others(localBytes(state), shards(step.axes)));
  }
  for (size_t dim = 0; dim < shape.size(); ++dim) {
    ArrayRef<AxisRefAttr> missing = remainder(goal.dims[dim], state.dims[dim]);
    for (size_t count = 1; count <= missing.size(); ++count) {
      ArrayRef<AxisRefAttr> axes = missing.take_front(count);
      if (!llvm::is_contained(open, axes.back()))
        break;
      if (!isAligned(dim, state.dims[dim], axes) || !mayComplete(state, axes))
        continue;
      ReshardState next = without(axes);
      next.dims[dim].append(axes.begin(), axes.end());
      ReshardStep step;
      step.kind = ReshardStep::ReduceScatter;
      step.dim = dim;
      step.axes.assign(axes.begin(), axes.end());
      relax(node, next, step, others(localBytes(state), shards(axes)));
    }
  }
}

/// Where both layouts cut every dimension in as many shards over the same
/// ranks, one exchange of whole shards does it.
void ReshardSearch::permutation(const Node &node) {
  const ReshardState &state = node.state;
  AxisList group, goalGroup;
  for (auto [now, then] : llvm::zip_equal(state.dims, goal.dims)) {
    if (shards(now) != shards(then))
      return;
    if (now == then)
      continue;
    group.append(now.begin(), now.end());
    goalGroup.append(then.begin(), then.end());
  }
  if (group.empty() || group.size() != goalGroup.size() ||
      !llvm::all_of(goalGroup, [&](AxisRefAttr axis) {
        return llvm::is_contained(group, axis);
      }))
    return;
  ReshardStep step;
  step.kind = ReshardStep::Permute;
  step.axes = group;
  ReshardState next = state;
  next.dims = goal.dims;
  int64_t ranks = shards(group);
  for (int64_t rank = 0; rank < ranks; ++rank) {
    // The digits of the rank that needs the shards this rank holds.
    SmallVector<int64_t> digits(group.size());
    int64_t rest = rank, target = 0;
    SmallVector<int64_t> own(group.size());
    for (size_t i = group.size(); i-- > 0;) {
      own[i] = rest % group[i].getSize(mesh);
      rest /= group[i].getSize(mesh);
    }
    for (auto [now, then] : llvm::zip_equal(state.dims, goal.dims)) {
      if (now == then)
        continue;
      int64_t block = 0;
      for (AxisRefAttr axis : now)
        block = block * axis.getSize(mesh) +
                own[llvm::find(group, axis) - group.begin()];
      for (AxisRefAttr axis : llvm::reverse(then)) {
        digits[llvm::find(group, axis) - group.begin()] =
            block % axis.getSize(mesh);
        block /= axis.getSize(mesh);
      }
    }
    for (size_t i = 0; i < group.size(); ++i)
      target = target * group[i].getSize(mesh) + digits[i];
    step.targets.push_back(target);
  }
  relax(node, next, step, localBytes(state));
}

void ReshardSearch::expand(const Node &node) {
  gathersAndMoves(node);
  slices(node);
  reductions(node);
  permutation(node);
}

std::optional<ReshardPlan> ReshardSearch::run() {
  Node first;
  first.state = start;
  std::string startKey = start.key(), goalKey = goal.key();
  nodes[startKey] = first;
  queue.push({0, 0, startKey});
  std::set<std::string> closed;
  while (!queue.empty()) {
    std::string key = std::get<2>(queue.top());
    queue.pop();
    if (key == goalKey)
      break;
    if (closed.insert(key).second) {
      Node node = nodes.at(key); // expand() may move what `nodes` holds
      expand(node);
    }
  }
  auto end = nodes.find(goalKey);
  if (end == nodes.end())
    return std::nullopt;
  ReshardPlan plan;
  plan.bytes = end->second.cost.bytes;
  for (std::string key = goalKey; key != startKey;) {
    const Node &node = nodes.at(key);
    plan.steps.push_back(node.step);
    key = node.previous;
  }
  std::reverse(plan.steps.begin(), plan.steps.end());
  return plan;
}
