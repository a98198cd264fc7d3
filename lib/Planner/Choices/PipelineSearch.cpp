//===- PipelineSearch.cpp - The best of many pipelines ----------*- C++ -*-===//

#include "vescale/Planner/PipelineSearch.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>

using namespace vescale::planner;

namespace {
/// A candidate with what is known of its stages so far.
class Refinement {
public:
  Refinement(unsigned layers, const PipelineCandidate &candidate)
      : layers(layers), candidate(candidate) {
    resplit();
  }

  /// The best split by what is known; none if no split fits. Its time is a
  /// bound.
  const std::optional<StageSplit> &best() const { return split; }

  /// Finds the times of the best split's stages. Returns how many were not
  /// known: none if that split's time is final.
  size_t refine() {
    size_t found = 0;
    unsigned begin = 0;
    for (auto [stage, end] : llvm::enumerate(split->ends)) {
      auto [place, isNew] = times.try_emplace({stage, begin, end}, 0);
      if (isNew) {
        place->second = candidate.timeOf(stage, begin, end);
        ++found;
      }
      begin = end;
    }
    if (found)
      resplit();
    return found;
  }

private:
  void resplit() {
    split = splitStages(layers, candidate.stages, candidate.microBatches,
                        [&](unsigned stage, unsigned begin, unsigned end) {
                          auto known = times.find({stage, begin, end});
                          return known != times.end()
                                     ? known->second
                                     : candidate.boundOf(stage, begin, end);
                        });
  }

  unsigned layers;
  const PipelineCandidate &candidate;
  std::map<std::tuple<unsigned, unsigned, unsigned>, double> times;
  std::optional<StageSplit> split;
};
} // namespace

PipelineSearch
vescale::planner::searchPipelines(unsigned layers,
                                  llvm::ArrayRef<PipelineCandidate> candidates,
                                  double within) {
  std::vector<Refinement> refinements;
  std::vector<size_t> order;
  for (auto [i, candidate] : llvm::enumerate(candidates))
    if (refinements.emplace_back(layers, candidate).best())
      order.push_back(i);
  llvm::sort(order, [&](size_t a, size_t b) {
    return std::pair(refinements[a].best()->time, a) <
           std::pair(refinements[b].best()->time, b);
  });

  PipelineSearch search;
  double shortest = std::numeric_limits<double>::infinity();
  auto canMatter = [&](size_t i) {
    return refinements[i].best() &&
           refinements[i].best()->time <= (1 + within) * shortest;
  };
  for (size_t i : order) {
    bool isFinal = false;
    while (!isFinal && canMatter(i)) {
      size_t found = refinements[i].refine();
      search.timesAsked += found;
      isFinal = found == 0;
    }
    if (!isFinal) {
      ++search.pruned;
      continue;
    }
    shortest = std::min(shortest, refinements[i].best()->time);
    search.choices.push_back({i, *refinements[i].best()});
  }
  llvm::erase_if(search.choices, [&](const PipelineChoice &choice) {
    return choice.split.time > (1 + within) * shortest;
  });
  llvm::sort(search.choices,
             [](const PipelineChoice &a, const PipelineChoice &b) {
               return std::tie(a.split.time, a.candidate) <
                      std::tie(b.split.time, b.candidate);
             });
  return search;
}
