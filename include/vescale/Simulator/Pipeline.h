//===- Pipeline.h - How long a pipeline's step takes ------------*- C++ -*-===//
//
// A training step on the stages of a pipeline: its simulation, an estimate in
// closed form that a search can minimize, and a bound that no simulation is
// below. Times in microseconds, sizes in bytes.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_SIMULATOR_PIPELINE_H
#define VESCALE_SIMULATOR_PIPELINE_H

#include "vescale/Simulator/Schedule.h"
#include "vescale/Simulator/Timeline.h"

namespace vescale::simulator {

/// A part of the model on one stage, for one micro-batch.
struct Chunk {
  double forwardUs = 0, backwardUs = 0;
  /// Of the result to the next chunk, and of the gradient to the one before;
  /// the model's last has no next, and its first none before.
  double sendForwardUs = 0, sendBackwardUs = 0;
  int64_t sentForward = 0, sentBackward = 0;
  /// Held from the forward's start to the backward's end.
  int64_t activations = 0;
  /// More while forward or backward goes on.
  int64_t forwardTransient = 0, backwardTransient = 0;
};

struct Stage {
  std::vector<Chunk> chunks;
  /// Parameters, gradients, the optimizer's state.
  int64_t held = 0;
  /// Communication and work once a step that nothing hides: before the first
  /// forward, and after the last backward.
  double gatherUs = 0, syncUs = 0, updateUs = 0;

  double afterUs() const { return syncUs + updateUs; }
};

enum class Transfers {
  Overlapped, ///< A stage goes on while it sends.
  Blocking    ///< It waits until what it sends has come.
};

struct Pipeline {
  ScheduleKind schedule = ScheduleKind::OneForwardOneBackward;
  Transfers transfers = Transfers::Overlapped;
  unsigned microBatches = 1;
  std::vector<Stage> stages; ///< With equally many chunks.

  ScheduleShape shape() const;
};

/// Rank s of the timeline is stage s.
llvm::Expected<Timeline> simulate(const Pipeline &pipeline);

/// By StepForm, with what stages send as a part of their times; GPipe's forward
/// and backward each by its own. What stages do once a step comes on top. Where
/// stages are alike that is what a simulation says with blocking transfers, but
/// no bound: stages whose backward takes another multiple of forward than their
/// neighbours' can take longer.
double estimateStep(const Pipeline &pipeline);

/// No simulation is shorter: each stage waits for the first micro-batch to
/// come, works, and its last gradient goes back to the first stage; and one
/// micro-batch goes all ways.
double boundStep(const Pipeline &pipeline);

} // namespace vescale::simulator

#endif // VESCALE_SIMULATOR_PIPELINE_H
