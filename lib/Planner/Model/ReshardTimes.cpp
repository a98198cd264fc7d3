//===- ReshardTimes.cpp - How long a value takes to another layout --------===//

#include "lib/Planner/Model/ReshardTimes.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;
using namespace vescale::planner;

static int64_t widthOf(RankedTensorType type) {
  return llvm::divideCeil(type.getElementTypeBitWidth(), 8);
}

int64_t vescale::planner::localBytes(RankedTensorType type, LayoutAttr layout,
                                     const StageMesh &mesh) {
  int64_t elements = 1;
  for (auto [size, axes] : llvm::zip_equal(type.getShape(), layout.getDims()))
    elements *= shardSize(size, axes.getNumShards(mesh.mesh));
  return elements * widthOf(type);
}

Moved ReshardTimes::over(ArrayRef<AxisRefAttr> axes, Collective kind,
                         int64_t bytes) const {
  DeviceGroup group;
  for (AxisRefAttr axis : axes)
    if (axis.getName() != kMicroAxis)
      group.axes.push_back(
          {axis.getSize(mesh.mesh), axis.getStride(mesh.mesh)});
  int64_t ranks = group.size();
  if (ranks == 1)
    return {};
  // As CollectiveOpInterface counts them.
  int64_t sent = bytes;
  if (kind != Collective::Send)
    sent =
        (kind == Collective::AllReduce ? 2 : 1) * (bytes / ranks) * (ranks - 1);
  return {machine.collectiveTime(kind, bytes, group), sent};
}

namespace {
/// Where the axis `tp` is: a dimension, a partial sum, or nowhere.
struct Place {
  enum Kind { Nowhere, Dim, Partial, Elsewhere } kind = Nowhere;
  size_t dim = 0;
  /// The layout's other axes.
  LayoutAttr rest;
};
} // namespace

/// Elsewhere if it is not minor to a dimension's other axes, or not the only
/// partial one.
static Place placeOf(LayoutAttr layout, AxisRefAttr axis) {
  MLIRContext *context = layout.getContext();
  if (llvm::is_contained(layout.getPartial(), axis)) {
    if (layout.getPartial().size() > 1)
      return {Place::Elsewhere, 0, layout};
    return {Place::Partial, 0, layout.withoutPartial()};
  }
  if (layout.isPartial())
    return {Place::Elsewhere, 0, layout};
  for (auto [dim, axes] : llvm::enumerate(layout.getDims())) {
    if (!llvm::is_contained(axes, axis))
      continue;
    if (axes.getAxes().back() != axis)
      return {Place::Elsewhere, dim, layout};
    return {Place::Dim, dim,
            layout.withDim(dim,
                           AxesAttr::get(context, axes.getAxes().drop_back()))};
  }
  return {Place::Nowhere, 0, layout};
}

/// The one collective that moves `tp` alone: what planReshard() finds, without
/// the search.
std::optional<Moved> ReshardTimes::moveModel(RankedTensorType type,
                                             LayoutAttr from,
                                             LayoutAttr to) const {
  if (!mesh.model)
    return std::nullopt;
  Place source = placeOf(from, mesh.model), target = placeOf(to, mesh.model);
  if (source.rest != target.rest || source.kind == Place::Elsewhere ||
      target.kind == Place::Elsewhere || target.kind == Place::Partial)
    return std::nullopt;
  int64_t whole = localBytes(type, source.rest, mesh);
  if (source.kind == Place::Nowhere)
    return Moved(); // each takes its slice
  bool toDim = target.kind == Place::Dim;
  if (source.kind == Place::Partial)
    return over({mesh.model},
                toDim ? Collective::ReduceScatter : Collective::AllReduce,
                whole);
  if (!toDim)
    return over({mesh.model}, Collective::AllGather, whole);
  return over({mesh.model}, Collective::AllToAll, localBytes(type, from, mesh));
}

Moved ReshardTimes::compute(RankedTensorType type, LayoutAttr from,
                            LayoutAttr to) const {
  if (std::optional<Moved> moved = moveModel(type, from, to))
    return *moved;
  const std::optional<ReshardPlan> &plan = plans.between(type, from, to, mesh);
  if (!plan)
    return {std::numeric_limits<double>::infinity(), 0};
  auto bytesOf = [&](ArrayRef<AxisList> dims) {
    int64_t bytes = widthOf(type);
    for (auto [size, axes] : llvm::zip_equal(type.getShape(), dims))
      bytes *= shardSize(size, numShards(axes, mesh.mesh));
    return bytes;
  };
  SmallVector<AxisList> dims;
  for (AxesAttr axes : from.getDims())
    dims.emplace_back(axes.begin(), axes.end());
  Moved moved;
  for (const ReshardStep &step : plan->steps) {
    int64_t before = bytesOf(dims), after = bytesOf(step.dims);
    dims = step.dims;
    switch (step.kind) {
    case ReshardStep::Slice:
      break;
    case ReshardStep::AllGather:
      moved += over(step.axes, Collective::AllGather, after);
      break;
    case ReshardStep::AllReduce:
      moved += over(step.axes, Collective::AllReduce, before);
      break;
    case ReshardStep::ReduceScatter:
      moved += over(step.axes, Collective::ReduceScatter, before);
      break;
    case ReshardStep::AllToAll:
      moved += over(step.axes, Collective::AllToAll, before);
      break;
    case ReshardStep::Permute:
      moved += over(step.axes, Collective::Send, before);
      break;
    }
  }
  return moved;
}

const std::optional<ReshardPlan> &ReshardPlans::between(RankedTensorType type,
                                                        LayoutAttr from,
                                                        LayoutAttr to,
                                                        const StageMesh &mesh) {
  auto [place, isNew] = known.try_emplace({type, from, to});
  if (isNew)
    place->second = planReshard(withLayout(type, from), to, mesh.mesh);
  return place->second;
}

Moved ReshardTimes::between(RankedTensorType type, LayoutAttr from,
                            LayoutAttr to) {
  if (from == to)
    return {};
  auto [place, isNew] = known.try_emplace({type, from, to});
  if (isNew)
    place->second = compute(type, from, to);
  return place->second;
}
