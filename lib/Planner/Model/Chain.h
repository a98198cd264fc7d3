//===- Chain.h - The cheapest choices along a chain of segments -*- C++ -*-===//
//
// Terms. A *unit* is one copy of a segment; a *link* is what the copies have in
// common. For each pair of choices at its cuts the cheapest choices inside are
// found once for all copies; the chain is then a shortest path through these
// tables, so that copies need not be equal.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_LIB_PLANNER_MODEL_CHAIN_H
#define VESCALE_LIB_PLANNER_MODEL_CHAIN_H

#include "lib/Planner/Model/Link.h"
#include <set>

namespace vescale::planner {

/// What a unit's choices are; they live as long as the chain.
struct UnitChoice {
  unsigned link;
  const LinkPlan *plan;
  /// Of a step, in µs and bytes of a rank.
  double time = 0;
  int64_t bytes = 0, sent = 0;
};

struct ChainPlan {
  bool fits = false;
  std::vector<UnitChoice> units;
  Parts total;
  double time = std::numeric_limits<double>::infinity(); // µs for a step
  int64_t bytes = 0; // with the largest transient
  /// The price of memory, in µs for each byte, at which it was found.
  double multiplier = 0;
  /// No plan that fits takes less.
  double lowerBound = -std::numeric_limits<double>::infinity();
};

/// A price of memory, in µs for each byte, at which time counts for nothing.
inline constexpr double kMemoryAlone = 1e6;

class Chain {
public:
  /// Layers that have several copies may be recomputed in one of these ways.
  /// `microBatches` is that of all countings it is asked with, which have the
  /// same `dp` as well.
  Chain(std::vector<SegmentGraph> graphs, std::vector<unsigned> units,
        int64_t microBatches);

  /// Whether in a link too many values stand open at once to be priced; then
  /// nothing else may be asked.
  bool isTooWide() const;

  size_t size() const { return units.size(); }
  const SegmentGraph &link(unsigned number) const {
    return links[number].getGraph();
  }

  /// For each unit the least that it takes in any plan: its part of a step's
  /// time, and its bytes times the multiplier.
  std::vector<double> leastCosts(const Pricing &pricing);
  /// What the units [begin, end) are, the same for ranges with the same plans.
  std::string describe(unsigned begin, unsigned end) const;
  /// The bytes of the value before a unit, as the plan's first unit has it.
  int64_t cutBytes(const ChainPlan &plan, const StageMesh &mesh) const;

  /// The plan that takes the least time in so many bytes for the units
  /// [begin, end), with a bound. Exact where memory does not bind; where it
  /// does, by a multiplier on memory (Everett 1963) and, along the chain, a mix
  /// of the two plans between which it jumps. If nothing fits: the plan that
  /// takes the least memory.
  ChainPlan solve(unsigned begin, unsigned end, const Counting &counting,
                  int64_t limit);

private:
  struct Table;
  class Solver;

  /// Makes the cheapest plans of all links known.
  void findCheapest(const Pricing &pricing);
  /// By link, the cheapest of the known plans.
  std::vector<Table> tablesAt(const Pricing &pricing) const;

  std::vector<Link> links;
  std::vector<unsigned> units;
  /// At which prices all that is cheapest is known.
  std::set<std::tuple<decltype(Counting().key()), double, double, int64_t>>
      foundAt;
};

} // namespace vescale::planner

#endif // VESCALE_LIB_PLANNER_MODEL_CHAIN_H
