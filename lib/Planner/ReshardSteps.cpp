//===- ReshardSteps.cpp - The cheapest way between two layouts --*- C++ -*-===//
//
// One search where both layouts cut the mesh's axes into digits of the same
// numbers. Where they don't, as halves and thirds of six ranks, no piece of one
// is a piece of the other: what is sharded so is gathered first.
//
//===----------------------------------------------------------------------===//
#include "lib/Planner/ReshardSearch.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;

/// Whether the axis clashes with one of `axes`.
static bool clashes(ArrayRef<AxisRefAttr> axes, AxisRefAttr axis,
                    MeshAttr mesh) {
  return llvm::any_of(
      axes, [&](AxisRefAttr other) { return clash(axis, other, mesh); });
}

/// All axes that the layout uses.
static AxisList axesOf(LayoutAttr layout) {
  AxisList axes(layout.getPartial().begin(), layout.getPartial().end());
  for (AxesAttr dim : layout.getDims())
    axes.append(dim.begin(), dim.end());
  return axes;
}

/// `from` up to what `to` cuts in another way.
static LayoutAttr gatherClashes(LayoutAttr from, LayoutAttr to, MeshAttr mesh) {
  AxisList used = axesOf(to);
  auto isClash = [&](AxisRefAttr axis) { return clashes(used, axis, mesh); };
  SmallVector<AxesAttr> dims;
  for (AxesAttr axes : from.getDims())
    dims.push_back(
        AxesAttr::get(from.getContext(), axes.getAxes().take_until(isClash)));
  LayoutAttr middle = from.withDims(dims);
  if (llvm::any_of(from.getPartial(), isClash))
    middle = middle.withPartial(to.getPartialKind(), to.getPartial());
  return middle;
}

/// The layout with its sum over a set of axes, which has no order.
static LayoutAttr forgetOrder(LayoutAttr layout, MeshAttr mesh) {
  AxisList axes = normalize(sorted(layout.getPartial().getAxes()), mesh);
  return layout.withPartial(layout.getPartialKind(),
                            AxesAttr::get(layout.getContext(), axes));
}

std::optional<ReshardPlan> dist::planReshard(RankedTensorType from,
                                             LayoutAttr to, MeshAttr mesh,
                                             bool treeOrder) {
  LayoutAttr start = getLayout(from);
  if (!treeOrder) {
    start = forgetOrder(start, mesh);
    to = forgetOrder(to, mesh);
  }
  if (to.isPartial() && to.getPartialKind() != start.getPartialKind())
    return std::nullopt;
  for (AxisRefAttr axis : to.getPartial())
    if (clashes(start.getPartial().getAxes(), axis, mesh))
      return std::nullopt;
  LayoutAttr middle = gatherClashes(start, to, mesh);
  auto search = [&](LayoutAttr a, LayoutAttr b) {
    return ReshardSearch(withLayout(from, a), b, mesh, treeOrder).run();
  };
  if (middle == start)
    return search(start, to);
  auto plan = search(start, middle), rest = search(middle, to);
  if (!plan || !rest)
    return std::nullopt;
  plan->steps.append(rest->steps);
  plan->bytes += rest->bytes;
  return plan;
}
