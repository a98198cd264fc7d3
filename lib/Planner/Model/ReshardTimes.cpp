//===- ReshardTimes.cpp - How long a value takes to another layout --------===//

#include "lib/Planner/Model/ReshardTimes.h"
#include "vescale/Planner/ReshardSteps.h"

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

double ReshardTimes::over(ArrayRef<AxisRefAttr> axes, Collective kind,
                          int64_t bytes) const {
  DeviceGroup group;
  for (AxisRefAttr axis : axes)
    if (axis.getName() != kMicroAxis)
      group.axes.push_back(
          {axis.getSize(mesh.mesh), axis.getStride(mesh.mesh)});
  return group.size() > 1 ? machine.collectiveTime(kind, bytes, group) : 0;
}

double ReshardTimes::compute(RankedTensorType type, LayoutAttr from,
                             LayoutAttr to) const {
  std::optional<ReshardPlan> plan =
      planReshard(withLayout(type, from), to, mesh.mesh);
  if (!plan)
    return std::numeric_limits<double>::infinity();
  auto bytesOf = [&](ArrayRef<AxisList> dims) {
    int64_t bytes = widthOf(type);
    for (auto [size, axes] : llvm::zip_equal(type.getShape(), dims))
      bytes *= shardSize(size, numShards(axes, mesh.mesh));
    return bytes;
  };
  SmallVector<AxisList> dims;
  for (AxesAttr axes : from.getDims())
    dims.emplace_back(axes.begin(), axes.end());
  double time = 0;
  for (const ReshardStep &step : plan->steps) {
    int64_t before = bytesOf(dims), after = bytesOf(step.dims);
    dims = step.dims;
    switch (step.kind) {
    case ReshardStep::Slice:
      break;
    case ReshardStep::AllGather:
      time += over(step.axes, Collective::AllGather, after);
      break;
    case ReshardStep::AllReduce:
      time += over(step.axes, Collective::AllReduce, before);
      break;
    case ReshardStep::ReduceScatter:
      time += over(step.axes, Collective::ReduceScatter, before);
      break;
    case ReshardStep::AllToAll:
      time += over(step.axes, Collective::AllToAll, before);
      break;
    case ReshardStep::Permute:
      time += over(step.axes, Collective::Send, before);
      break;
    }
  }
  return time;
}

double ReshardTimes::between(RankedTensorType type, LayoutAttr from,
                             LayoutAttr to) {
  if (from == to)
    return 0;
  auto [place, isNew] = known.try_emplace({type, from, to}, 0.0);
  if (isNew)
    place->second = compute(type, from, to);
  return place->second;
}
