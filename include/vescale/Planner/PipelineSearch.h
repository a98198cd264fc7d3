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
#include <vector>

namespace vescale::planner {

/// One way to run the layers on the devices.
struct PipelineCandidate {
  unsigned stages = 1;
  int64_t microBatches = 1;
  /// As StageTime; `boundOf` is not above `timeOf` and cheap. `timeOf` is asked
  /// once for a stage at most.
  std::function<double(unsigned stage, unsigned begin, unsigned end)> boundOf,
      timeOf;
};

struct PipelineChoice {
  size_t candidate;
  StageSplit split; ///< The candidate's best.
};

struct PipelineSearch {
  /// The best split of each candidate whose step is at most 1 + `within` times
  /// the shortest; the shortest first, of equals the earlier candidate.
  std::vector<PipelineChoice> choices;
  size_t pruned = 0;     ///< Candidates ruled out by bounds.
  size_t timesAsked = 0; ///< How often a stage's time had to be found.
};

/// Exact: candidates in the order of their bounds until those are too long; of
/// each, the best split by bounds, in which times take the bounds' places until
/// it holds times alone.
PipelineSearch searchPipelines(unsigned layers,
                               llvm::ArrayRef<PipelineCandidate> candidates,
                               double within);

} // namespace vescale::planner

#endif // VESCALE_PLANNER_PIPELINESEARCH_H
