//===- Counting.h - What a step takes, from its parts -----------*- C++ -*-===//
#ifndef VESCALE_LIB_PLANNER_MODEL_COUNTING_H
#define VESCALE_LIB_PLANNER_MODEL_COUNTING_H

#include "lib/Planner/Model/SegmentGraph.h"

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

  /// Which numbers these functions weigh with, besides the chain's own.
  auto key() const {
    return std::tuple(zero, countsOnce, exposed, besideForward, besideBackward,
                      modes);
  }

private:
  int64_t shard(int64_t whole, int64_t stage) const {
    return zero >= stage ? (whole + dp - 1) / dp : whole;
  }
};

/// What a node takes if its unit is recomputed. What stands at the unit's
/// beginning is kept in any case.
Parts recomputed(Parts parts, Recompute mode, bool isIn);

/// How often the exchanges of the forward program are made.
double forwardTimes(Recompute mode);

/// A line over the price of memory: a plan's time and bytes as one sum.
struct Pricing {
  Counting counting;
  double multiplier = 0; // µs for each byte
  /// Plans with a larger transient are left out.
  int64_t mostTransient = std::numeric_limits<int64_t>::max();

  double operator()(const Parts &parts) const {
    return counting.time(parts) +
           multiplier * static_cast<double>(counting.bytes(parts));
  }
};

} // namespace vescale::planner

#endif // VESCALE_LIB_PLANNER_MODEL_COUNTING_H
