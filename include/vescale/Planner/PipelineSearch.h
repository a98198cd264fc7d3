//===- PipelineSearch.h - The best of many pipelines ------------*- C++ -*-===//
//
// Among numbers of stages and micro-batches, and whatever else sets stages'
// times, those with the shortest steps; free of models and machines.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_PLANNER_PIPELINESEARCH_H
#define VESCALE_PLANNER_PIPELINESEARCH_H

#include "vescale/Planner/StageSplit.h"
#include "llvm/ADT/ArrayRef.h"
#include <functional>
#include <limits>
#include <vector>

namespace vescale::planner {

/// One way to run the layers on the devices.
struct PipelineCandidate {
  unsigned stages = 1;
  StepForm form{1};
  /// What each step takes besides, in seconds.
  double once = 0;
  /// As StageTime, asked once for a stage at most.
  using TimeOf =
      std::function<double(unsigned stage, unsigned begin, unsigned end)>;
  /// None is above `timeOf`; the later, the closer and the dearer.
  llvm::SmallVector<TimeOf, 3> bounds;
  TimeOf timeOf;
  AlikeLayers alike = {};
  /// No step is shorter: a bound from which the search begins, in seconds.
  double least = 0;
};

struct PipelineChoice {
  size_t candidate;
  StageSplit split; ///< The candidate's best.
  double time;      ///< Of a step: the split's and what it takes besides.
};

struct PipelineLimits {
  /// Choices are looked for whose step is at most 1 + `within` times the
  /// shortest.
  double within = 0;
  /// The search ends when so many stages' times have been asked for, which are
  /// the same on every host,
  size_t times = std::numeric_limits<size_t>::max();
  /// or when this says so.
  std::function<bool()> shouldStop = nullptr;
};

struct PipelineSearch {
  /// The best split of each candidate that is short enough; the shortest first,
  /// of equals the earlier candidate.
  std::vector<PipelineChoice> choices;
  /// No candidate's step is shorter; infinite if none fits. The shortest's own
  /// unless the search was cut short.
  double lowerBound = std::numeric_limits<double>::infinity();
  /// Of each candidate: none of its steps is shorter, as far as it was looked
  /// at; infinite if none fits.
  std::vector<double> bounds;
  bool isComplete = true;
  size_t pruned = 0;     ///< Candidates ruled out by bounds.
  size_t timesAsked = 0; ///< How often a stage's time had to be found.
};

/// Exact: the candidate with the lowest bound is looked at next (best first,
/// Hart et al. 1968). Of each the best split by bounds, which get closer, and
/// in which times take the bounds' places until it holds times alone. The first
/// such split is looked for in one candidate after the other, so that there is
/// one when the search is cut short.
PipelineSearch searchPipelines(unsigned layers,
                               llvm::ArrayRef<PipelineCandidate> candidates,
                               const PipelineLimits &limits);

} // namespace vescale::planner

#endif // VESCALE_PLANNER_PIPELINESEARCH_H
