//===- Link.h - What the copies of a segment may do -------------*- C++ -*-===//
//
// A link has few good plans: those that are the cheapest at some price of
// memory. Finding one is a dynamic program over all choices; once known it
// serves at all prices, for all stages.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_LIB_PLANNER_MODEL_LINK_H
#define VESCALE_LIB_PLANNER_MODEL_LINK_H

#include "lib/Planner/Choices/Order.h"
#include "lib/Planner/Model/Counting.h"
#include <deque>

namespace vescale::planner {

/// A way to run a link.
struct LinkPlan {
  Recompute recompute = Recompute::None;
  llvm::SmallVector<unsigned> choices; // one for each node
  Parts parts;
};

class Link {
public:
  /// Layers, which have several copies, may differ in how they are recomputed.
  Link(SegmentGraph graph, bool isLayer, int64_t microBatches);

  const SegmentGraph &getGraph() const { return graph; }
  /// Whether too many values stand open at once; then no plans can be found.
  bool isTooWide() const;
  /// How many choices there are at either end, 1 at the program's.
  unsigned ins() const { return countAt(graph.in); }
  unsigned outs() const { return countAt(graph.out); }
  /// No plan's transient is smaller.
  int64_t leastTransient() const { return smallestTransient; }

  /// Finds, for each pair of choices at the ends, the cheapest of all plans.
  void findCheapest(const Pricing &pricing);

  /// The cheapest of the plans found so far, with what it costs; null if there
  /// is none.
  struct Priced {
    double cost = std::numeric_limits<double>::infinity();
    const LinkPlan *plan = nullptr;
  };
  Priced cheapestKnown(unsigned in, unsigned out, const Pricing &pricing) const;

private:
  unsigned countAt(int node) const {
    return node < 0 ? 1 : graph.nodes[node].choices.size();
  }
  llvm::ArrayRef<Recompute> modesOf(const Counting &counting) const;
  Parts partsOf(llvm::ArrayRef<unsigned> choices, Recompute mode) const;

  SegmentGraph graph;
  bool isLayer;
  int64_t smallestTransient = 0;
  /// Of its nodes, the ends first: if recomputed in full, and otherwise.
  std::array<Order, 2> orders;
  /// By pair, where they stay.
  std::vector<std::deque<LinkPlan>> known;
};

} // namespace vescale::planner

#endif // VESCALE_LIB_PLANNER_MODEL_LINK_H
