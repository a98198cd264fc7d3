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

#include "lib/Planner/Model/SegmentGraph.h"
#include "vescale/Planner/ChoiceGraph.h"
#include "vescale/Planner/StageSplit.h"

namespace vescale::planner {

/// What of a layer is computed again for the backward program.
enum class Recompute { None, Selective, Full };

/// How a step's time and memory come from parts.
struct Counting {
  int64_t microBatches = 1;
  int64_t dp = 1;
  /// Stored in shards over dp: 1 the optimizer's state, 2 sums of gradients
  /// too, 3 parameters too.
  int64_t zero = 0;
  /// Whether what is done once a step counts.
  bool countsOnce = true;
  /// The part of sync() that work does not hide.
  double exposed = 1;
  /// How much of the forward and of the backward work hides it: with all of
  /// sync() exposed, the step that is as long as what is left of it.
  double besideForward = 0, besideBackward = 0;
  /// In which ways each layer may be recomputed.
  llvm::SmallVector<Recompute, 2> modes = {Recompute::None};
  /// How many micro-batches' saved values are there at once, each of one of
  /// `chunks` parts.
  int64_t inFlight = 1, chunks = 1;

  /// Of a step in µs: a sum over parts, and so what is minimised.
  double time(const Parts &parts) const;
  /// Of it the sums of gradients and gathers of parameters, hidden or not.
  double sync(const Parts &parts) const { return syncMoved(parts).us; }
  Moved syncMoved(const Parts &parts) const;
  double update(const Parts &parts) const;
  int64_t parameters(const Parts &parts) const;
  int64_t gradients(const Parts &parts) const;
  int64_t state(const Parts &parts) const;
  int64_t bytes(const Parts &parts) const {
    return parameters(parts) + gradients(parts) + state(parts) +
           inFlight * parts.saved / chunks;
  }

private:
  int64_t shard(int64_t whole, int64_t stage) const {
    return zero >= stage ? (whole + dp - 1) / dp : whole;
  }
};

/// What a unit's choices are.
struct UnitChoice {
  unsigned link;
  Recompute recompute = Recompute::None;
  /// One for each node of the link's graph.
  llvm::SmallVector<unsigned> choices;
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

class Chain {
public:
  /// Layers that have several copies may be recomputed in one of these ways.
  /// `microBatches` is that of all countings it is asked with.
  Chain(std::vector<SegmentGraph> links, std::vector<unsigned> units,
        int64_t microBatches);
  ~Chain();

  /// Whether in a link too many values stand open at once to be priced; then
  /// nothing else may be asked.
  bool isTooWide() const;

  size_t size() const { return units.size(); }
  const SegmentGraph &link(unsigned number) const { return links[number]; }

  /// For each unit the least that it takes in any plan: its part of a step's
  /// time, and its bytes times the multiplier.
  std::vector<double> leastCosts(const Counting &counting,
                                 double multiplier) const;
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
                  int64_t limit) const;

private:
  struct Steps;
  struct Tables;
  class Solver;

  std::vector<SegmentGraph> links;
  std::vector<unsigned> units;
  std::unique_ptr<Steps> steps;
  std::vector<bool> isLayer;
};

} // namespace vescale::planner

#endif // VESCALE_LIB_PLANNER_MODEL_CHAIN_H
