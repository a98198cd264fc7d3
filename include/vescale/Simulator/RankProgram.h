//===- RankProgram.h - How long a lowered program takes ---------*- C++ -*-===//
//
// Predicts the time and the memory of a step of training, or of a run, from the
// rank program and a machine file alone (docs/Design/prediction.md).
//
// All ranks of a program have the same steps of the same sizes, so one of them
// is played for all.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_SIMULATOR_RANKPROGRAM_H
#define VESCALE_SIMULATOR_RANKPROGRAM_H

#include "vescale/Simulator/Timeline.h"

#include "dialects/Rank/Rank.h"
#include "mlir/IR/BuiltinOps.h"
#include "vescale/CostModel/Machine.h"
#include "llvm/Support/JSON.h"

namespace vescale::simulator {

/// A step of the program and what it takes on a machine.
struct PredictedStep {
  mlir::Operation *op;
  int64_t number; ///< Among all steps, as in a run's trace.
  double us;      ///< Of a collective's start: that of the transfer.
  std::string why;
};

/// What each rank sends to every other one of its group in one run.
struct SentBytes {
  rank::GroupAttr group;
  int64_t toEach;
};

struct Prediction {
  std::string machine;
  int64_t threads = 0; ///< Of a rank; 0 for an accelerator.
  /// What is run, in order, each so many times: with micro-batches the entry
  /// that accumulates, then "main".
  std::vector<std::pair<std::string, int64_t>> entries;
  double stepUs = 0;
  /// Work without waiting; what transfers take alone; and how much longer the
  /// step is for them than its work.
  double computeUs = 0, transferUs = 0, exposedUs = 0;
  int64_t arenaBytes = 0, commBytes = 0;
  int64_t liveBytes = 0; ///< The most that lives at once.
  std::vector<SentBytes> sent;
  std::vector<PredictedStep> steps; ///< In the order of the program.
  /// Rank 0 is the one that is played.
  Timeline timeline;

  /// Of a rank.
  int64_t memoryBytes() const { return arenaBytes + commBytes; }
};

/// The module is what the phase lower made. An error says what the machine file
/// lacks.
llvm::Expected<Prediction> predictStep(mlir::ModuleOp module,
                                       const Machine &machine);

/// In one line, for people.
std::string summarize(const Prediction &prediction);

/// As in a bundle's prediction.json (docs/Reference/bundle.md).
llvm::json::Value toJson(const Prediction &prediction);

} // namespace vescale::simulator

#endif // VESCALE_SIMULATOR_RANKPROGRAM_H
