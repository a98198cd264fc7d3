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

namespace vescale::planner {

/// The degrees of a plan.
struct PlanPoint {
  int64_t dp = 1, tp = 1, microBatches = 1, zero = 0;

  /// Orders points; the simpler ones first.
  std::tuple<int64_t, int64_t, int64_t, int64_t> key() const {
    return {zero, tp, microBatches, dp};
  }
};

/// What the user has decided.
struct PlanPins {
  std::optional<int64_t> dp, tp, zero, microBatches;
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
  /// Micro-batches may be chosen: the program's batch is the step's.
  bool splitsBatch = false;
  PlanPins pins;
};

/// One layout type of a run of layers, for people.
struct PlannedLayer {
  std::string name;
  int64_t copies = 1;
  std::string recompute;
  /// Ops and parameters by name, with the layout of their first result.
  std::vector<std::pair<std::string, std::string>> layouts;
};

/// Times in µs, sizes in bytes of a rank.
struct PlannedTime {
  double step = 0, compute = 0, exchange = 0, exposedSync = 0, bubble = 0;
};
struct PlannedMemory {
  int64_t parameters = 0, gradients = 0, optimizer = 0, activations = 0,
          transient = 0;
  int64_t total() const {
    return parameters + gradients + optimizer + activations + transient;
  }
};

struct Candidate {
  PlanPoint point;
  bool fits = false;
  /// Why it is not looked at, or does not fit.
  std::string reason;
  PlannedTime time;
  PlannedMemory memory;
  double lowerBound = 0;
  PlanFile plan;
  std::vector<PlannedLayer> layers;
};

struct PlanResult {
  /// Those that were solved, best first; those that do not fit behind them.
  std::vector<Candidate> candidates;
  /// Of all plans of the space, in µs; with the best candidate's time the
  /// certificate.
  double lowerBound = 0;
  int64_t points = 0, pruned = 0;
  int64_t memoryLimit = 0;

  const Candidate *best() const {
    return !candidates.empty() && candidates.front().fits ? &candidates.front()
                                                           : nullptr;
  }
};

/// Fails with a diagnostic where an op cannot be planned.
llvm::FailureOr<PlanResult> makePlan(mlir::func::FuncOp forward,
                                     const Machine &machine,
                                     const PlanRequest &request);

} // namespace vescale::planner

#endif // VESCALE_PLANNER_PLANNER_H
