//===- Planner.h - The best layout of a model on a machine ------*- C++ -*-===//
//
// From a forward program and a machine file to a plan, with a bound that says
// how good it is. Does not change the program. See docs/Design/planner.md.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_PLANNER_PLANNER_H
#define VESCALE_PLANNER_PLANNER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "vescale/CostModel/Machine.h"
#include "vescale/Planner/PlanFile.h"
#include "vescale/Simulator/Timeline.h"

namespace vescale::planner {

/// The degrees of a plan: pp · dp · tp ranks.
struct PlanPoint {
  int64_t pp = 1, dp = 1, tp = 1, microBatches = 1, zero = 0;
  /// How many parts of the model a stage has; more than one is interleaved.
  int64_t chunks = 1;
  /// Listed: each layer in full or not at all.
  RecomputePlan::Kind recompute = RecomputePlan::None;

  int64_t ranks() const { return pp * dp * tp; }
  /// Orders points; the simpler ones first.
  auto key() const {
    return std::tuple(pp, chunks, recompute, zero, tp, microBatches, dp);
  }
};

/// What the user has decided.
struct PlanPins {
  std::optional<int64_t> pp, dp, tp, zero, microBatches;
  std::optional<RecomputePlan::Kind> recompute;
};

struct PlanRequest {
  /// A training step: bytes for each element of the optimizer's state and of a
  /// gradient. Nothing for inference.
  struct Training {
    int64_t stateBytes, gradientBytes;
  };
  std::optional<Training> training;
  /// How many ranks there are.
  int64_t devices = 1;
  /// Bytes that a rank may use; the device's where it is 0.
  int64_t memoryBytes = 0;
  /// How many pipeline stages there may be.
  int64_t mostStages = 1;
  /// Plans that cost so much more than the best are told of, too.
  double within = 0.05;
  /// The search ends when so many stages have been solved, alike on every host,
  /// or after so many seconds; 0 for no limit.
  int64_t workLimit = 0;
  double timeLimitSeconds = 0;
  /// Plans may leave devices idle; then `tp` is 64 at most.
  bool mayIdle = false;
  /// Micro-batches may be chosen: the program's batch is the step's.
  bool splitsBatch = false;
  /// Whether PlanResult::rejected is found, too.
  bool findsRejected = false;
  PlanPins pins;
};

/// A run of layers that are laid out alike, for people. Of one of them on one
/// rank in a step: times in µs, sizes in bytes.
struct PlannedLayer {
  struct Tensor {
    std::string name; // of the parameter, in the layer
    std::vector<int64_t> shape;
    std::vector<std::vector<std::string>> dims; // axes of each dimension
  };
  std::string name;     // of the first: a module of the author's, or empty
  bool isLayer = false; // one of several alike
  int64_t copies = 0;
  size_t stage = 0;
  std::string recompute;
  double time = 0;
  int64_t memory = 0, sent = 0;
  std::vector<Tensor> tensors;
};

/// Times in µs, sizes in bytes of a rank.
struct PlannedTime {
  /// Of a step, simulated.
  double step = 0;
  /// The parts of it, of the rank that works the most.
  double compute = 0, exchange = 0, sync = 0, bubble = 0;
  /// What the search minimises, which is near `step`.
  double cost = 0;
};
struct PlannedMemory {
  int64_t parameters = 0, gradients = 0, optimizer = 0, activations = 0,
          transient = 0;
  int64_t total() const {
    return parameters + gradients + optimizer + activations + transient;
  }
};

struct PlannedStage {
  unsigned units = 0;    // layers, and what stands before and behind them
  double microBatch = 0; // forward and backward, with its exchanges
  PlannedMemory memory;
};

struct Candidate {
  PlanPoint point;
  PlannedTime time;
  PlannedMemory memory; // of the rank that needs the most
  std::vector<PlannedStage> stages;
  PlanFile plan;
  std::vector<PlannedLayer> layers;
  /// Of a step; rank s is stage s.
  simulator::Timeline timeline;
};

/// A decision that no candidate has, and why none of all plans that have it
/// is one.
struct Rejection {
  enum Why {
    Slower,     ///< None costs less than `lowerBound`.
    TooLarge,   ///< None fits: a rank lacks `missing` bytes at least.
    Indivisible ///< So many ranks cannot share out the batch.
  };
  std::string decision; ///< "tp=4"
  Why why = Slower;
  double lowerBound = 0; ///< In µs.
  /// If slower: what the best plan would lack with this decision and all else
  /// as it is; 0 if it would fit, or could not be.
  int64_t missing = 0;
  /// The point that comes nearest; not if indivisible.
  PlanPoint nearest;
};

struct PlanResult {
  /// Those near the best, best first. None if nothing fits.
  std::vector<Candidate> candidates;
  /// If nothing fits, as a whole search has found: the points that need the
  /// least memory, by that.
  std::vector<Candidate> tooLarge;
  /// If asked for: decisions next to the best plan's that no candidate has.
  std::vector<Rejection> rejected;
  /// The certificate, in µs: the least cost found, and one than which no plan
  /// of the space costs less.
  double cost = 0, lowerBound = 0;
  /// How many points there are, how many bounds ruled out, and how often a
  /// stage was solved.
  int64_t points = 0, pruned = 0, solved = 0;
  /// What cut the search short, in words; empty if nothing did.
  std::string stopped;
  int64_t memoryLimit = 0;

  const Candidate *best() const {
    return candidates.empty() ? nullptr : &candidates.front();
  }
};

/// Of what the plan file says, the same on every host: 16 hexadecimal digits.
std::string planHash(const PlanFile &plan);

/// Fails with a diagnostic where an op cannot be planned.
llvm::FailureOr<PlanResult> makePlan(mlir::func::FuncOp forward,
                                     const Machine &machine,
                                     const PlanRequest &request);

} // namespace vescale::planner

#endif // VESCALE_PLANNER_PLANNER_H
