//===- StepTime.cpp - A pipeline's step in closed form ----------*- C++ -*-===//

#include "vescale/Planner/StepForm.h"
#include "vescale/Simulator/Pipeline.h"
#include <algorithm>

using namespace vescale;
using namespace vescale::simulator;

namespace {
/// A stage's times for one micro-batch, with what it sends and without.
struct StageTimes {
  double forward = 0, backward = 0;
  double sendForward = 0, sendBackward = 0;

  double work() const { return forward + backward; }
  double sends() const { return sendForward + sendBackward; }
};
} // namespace

/// The times of all chunks together. The model's ends send nothing.
static std::vector<StageTimes> timesOf(const Pipeline &pipeline) {
  std::vector<StageTimes> times;
  size_t stages = pipeline.stages.size();
  for (auto [s, stage] : llvm::enumerate(pipeline.stages)) {
    StageTimes &sum = times.emplace_back();
    for (auto [c, chunk] : llvm::enumerate(stage.chunks)) {
      sum.forward += chunk.forwardUs;
      sum.backward += chunk.backwardUs;
      if (stages > 1 && (s + 1 < stages || c + 1 < stage.chunks.size()))
        sum.sendForward += chunk.sendForwardUs;
      if (stages > 1 && (s > 0 || c > 0))
        sum.sendBackward += chunk.sendBackwardUs;
    }
  }
  return times;
}

double vescale::simulator::estimateStep(const Pipeline &pipeline) {
  double forward = 0, backward = 0, most = 0, mostForward = 0, mostBackward = 0,
         once = 0;
  for (auto [stage, times] : llvm::zip(pipeline.stages, timesOf(pipeline))) {
    double f = times.forward + times.sendForward,
           b = times.backward + times.sendBackward;
    forward += f;
    backward += b;
    mostForward = std::max(mostForward, f);
    mostBackward = std::max(mostBackward, b);
    most = std::max(most, f + b);
    once = std::max(once, stage.gatherUs + stage.afterUs());
  }
  planner::StepForm form(pipeline.microBatches, pipeline.shape().chunks);
  switch (pipeline.schedule) {
  case ScheduleKind::GPipe:
    return form(forward, mostForward) + form(backward, mostBackward) + once;
  case ScheduleKind::OneForwardOneBackward:
  case ScheduleKind::Interleaved:
    return form(forward + backward, most) + once;
  }
  llvm_unreachable("all kinds have an estimate");
}

double vescale::simulator::boundStep(const Pipeline &pipeline) {
  std::vector<StageTimes> times = timesOf(pipeline);
  bool blocks = pipeline.transfers == Transfers::Blocking;
  double m = pipeline.microBatches, bound = 0, wholeWay = 0;
  // The first chunks' own ways in and out.
  double fill = 0;
  for (size_t s = 0; s < times.size(); ++s) {
    const Stage &stage = pipeline.stages[s];
    const Chunk &first = stage.chunks.front();
    fill = std::max(fill, stage.gatherUs);
    double end = fill + m * (times[s].work() + (blocks ? times[s].sends() : 0));
    bound = std::max(bound, end + stage.afterUs());
    // The last gradient is on its way when the stage sends it.
    if (s > 0 && blocks)
      end -= first.sendBackwardUs;
    for (size_t to = s; to-- > 0;) {
      end += pipeline.stages[to + 1].chunks.front().sendBackwardUs +
             pipeline.stages[to].chunks.front().backwardUs;
      bound = std::max(bound, end + pipeline.stages[to].afterUs());
    }
    fill += first.forwardUs + first.sendForwardUs;
    wholeWay += times[s].work() + times[s].sends();
  }
  return std::max(bound, wholeWay + pipeline.stages.front().gatherUs +
                             pipeline.stages.front().afterUs());
}
