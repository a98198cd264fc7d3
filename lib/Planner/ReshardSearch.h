//===- ReshardSearch.h - Shortest ways between layouts ----------*- C++ -*-===//
//
// The graph whose nodes are layouts and whose edges are local operations, and
// Dijkstra's algorithm on it.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_LIB_PLANNER_RESHARDSEARCH_H
#define VESCALE_LIB_PLANNER_RESHARDSEARCH_H

#include "vescale/Planner/ReshardSteps.h"
#include <map>
#include <queue>
#include <set>

namespace vescale::dist {

/// What of a value is where.
struct ReshardState {
  llvm::SmallVector<AxisList> dims;
  AxisList partial;

  /// Orders states; axes are unique in their context, but their addresses are
  /// not the same in every run, so names are compared.
  std::string key() const;
};

/// Bytes count first, then steps.
struct ReshardCost {
  int64_t bytes = 0, steps = 0;
  bool operator<(const ReshardCost &other) const {
    return std::tie(bytes, steps) < std::tie(other.bytes, other.steps);
  }
};

/// Both layouts' axes must be digits of the same numbers.
class ReshardSearch {
public:
  ReshardSearch(mlir::RankedTensorType from, LayoutAttr to, MeshAttr mesh,
                bool treeOrder);
  /// Nothing if there is no way.
  std::optional<ReshardPlan> run();

private:
  struct Node {
    ReshardState state;
    ReshardCost cost;
    std::string previous;
    ReshardStep step;
  };

  AxisList toAtoms(llvm::ArrayRef<AxisRefAttr> axes) const;
  int64_t shards(llvm::ArrayRef<AxisRefAttr> axes) const {
    return numShards(axes, mesh);
  }
  int64_t localBytes(const ReshardState &state) const;
  bool isAligned(int64_t dim, llvm::ArrayRef<AxisRefAttr> major,
                 llvm::ArrayRef<AxisRefAttr> minor) const;
  void expand(const Node &node);
  void relax(const Node &from, ReshardState state, ReshardStep step,
             int64_t bytes);
  void gathersAndMoves(const Node &node);
  void slices(const Node &node);
  void reductions(const Node &node);
  bool mayComplete(const ReshardState &state,
                   llvm::ArrayRef<AxisRefAttr> axes) const;
  void permutation(const Node &node);

  MeshAttr mesh;
  llvm::SmallVector<int64_t> shape;
  int64_t elementBytes;
  bool treeOrder;
  std::map<std::string, std::set<int64_t>> cuts;
  ReshardState start, goal;
  std::map<std::string, Node> nodes;
  using Entry = std::tuple<int64_t, int64_t, std::string>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<Entry>> queue;
};

} // namespace vescale::dist

#endif // VESCALE_LIB_PLANNER_RESHARDSEARCH_H
