//===- ReshardSteps.h - The cheapest way between two layouts ----*- C++ -*-===//
#ifndef VESCALE_PLANNER_RESHARDSTEPS_H
#define VESCALE_PLANNER_RESHARDSTEPS_H

#include "dialects/Dist/FactorAxes.h"

namespace vescale::dist {

/// One local operation on the way from a layout to another.
struct ReshardStep {
  enum Kind {
    Slice,         // shard `dim` over `axes`, which replicate the value
    AllGather,     // unshard the minor `axes` of `dim`
    AllReduce,     // complete the value over `axes`
    ReduceScatter, // the same, and shard `dim` over them
    AllToAll,      // move the minor `axes` of `fromDim` to `dim`
    Permute,       // exchange whole shards within groups over `axes`
  };
  Kind kind;
  int64_t dim = 0, fromDim = 0;
  AxisList axes;
  llvm::SmallVector<int64_t> targets; // of Permute
  /// The layout after the step.
  llvm::SmallVector<AxisList> dims;
};

struct ReshardPlan {
  llvm::SmallVector<ReshardStep> steps;
  /// The bytes that each rank sends.
  int64_t bytes = 0;
};

/// Finds the steps that take a tensor of this global shape from one layout to
/// another with the fewest bytes sent, then the fewest steps: at worst reduce,
/// gather, slice. Nothing if there is no way: `to` may only be partial over
/// what `from` is. With `treeOrder` a value partial over several axes is
/// completed over the minor ones first, so that sums over ranks are nodes of
/// the tree over all of them, and what stays partial are the major ones.
std::optional<ReshardPlan> planReshard(mlir::RankedTensorType from,
                                       LayoutAttr to, MeshAttr mesh,
                                       bool treeOrder = false);

} // namespace vescale::dist

#endif // VESCALE_PLANNER_RESHARDSTEPS_H
