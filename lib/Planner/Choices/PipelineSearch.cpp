//===- PipelineSearch.cpp - The best of many pipelines ----------*- C++ -*-===//

#include "vescale/Planner/PipelineSearch.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
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

  /// The best split by what is known, none if no split fits.
  const std::optional<StageSplit> &best() const { return split; }

  /// Of a step, not above that with the candidate's own times.
  double time() const { return split->time + candidate.once; }

  /// Whether the best split's time is made of its stages' own.
  bool isFinal() {
    bool isFinal = true;
    forStages([&](const Place &place) { isFinal &= times.count(place) > 0; });
    return isFinal;
  }

  /// Finds the times of the best split's stages; returns how many.
  size_t refine() {
    size_t found = 0;
    forStages([&](const Place &place) {
      auto [time, isNew] = times.try_emplace(place, 0);
      if (!isNew)
        return;
      time->second = std::apply(candidate.timeOf, place);
      ++found;
    });
    resplit();
    return found;
  }

private:
  using Place = std::tuple<unsigned, unsigned, unsigned>;

  /// The best split's stages, as times are asked for.
  void forStages(llvm::function_ref<void(const Place &)> visit) const {
    unsigned begin = 0;
    for (auto [stage, end] : llvm::enumerate(split->ends)) {
      auto [from, to] = candidate.alike.representative(begin, end);
      visit({stage, from, to});
      begin = end;
    }
  }

  void resplit() {
    split = splitStages(
        layers, candidate.stages, candidate.form,
        [&](unsigned stage, unsigned begin, unsigned end) {
          auto known = times.find({stage, begin, end});
          return known != times.end() ? known->second
                                      : candidate.boundOf(stage, begin, end);
        },
        candidate.alike);
  }

  unsigned layers;
  const PipelineCandidate &candidate;
  std::map<Place, double> times;
  std::optional<StageSplit> split;
};
} // namespace

PipelineSearch
vescale::planner::searchPipelines(unsigned layers,
                                  llvm::ArrayRef<PipelineCandidate> candidates,
                                  const PipelineLimits &limits) {
  std::vector<Refinement> refinements;
  std::vector<size_t> order;
  for (auto [i, candidate] : llvm::enumerate(candidates))
    if (refinements.emplace_back(layers, candidate).best())
      order.push_back(i);
  llvm::sort(order, [&](size_t a, size_t b) {
    return std::pair(refinements[a].time(), a) <
           std::pair(refinements[b].time(), b);
  });

  PipelineSearch search;
  double shortest = std::numeric_limits<double>::infinity();
  auto isShort = [&](double time) {
    return time <= (1 + limits.within) * shortest;
  };
  auto mayAsk = [&] {
    return search.timesAsked < limits.times &&
           !(limits.shouldStop && limits.shouldStop());
  };
  for (size_t i : order) {
    Refinement &one = refinements[i];
    bool isFinal = false;
    auto isOpen = [&] { return one.best() && isShort(one.time()); };
    while (isOpen() && !(isFinal = one.isFinal()) &&
           (search.isComplete = search.isComplete && mayAsk()))
      search.timesAsked += one.refine();
    if (one.best())
      search.lowerBound = std::min(search.lowerBound, one.time());
    if (isFinal) {
      shortest = std::min(shortest, one.time());
      search.choices.push_back({i, *one.best(), one.time()});
    } else if (!one.best() || !isShort(one.time())) {
      ++search.pruned;
    }
  }
  llvm::erase_if(search.choices, [&](const PipelineChoice &choice) {
    return !isShort(choice.time);
  });
  llvm::sort(
      search.choices, [](const PipelineChoice &a, const PipelineChoice &b) {
        return std::tie(a.time, a.candidate) < std::tie(b.time, b.candidate);
      });
  return search;
}
