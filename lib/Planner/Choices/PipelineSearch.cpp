//===- PipelineSearch.cpp - The best of many pipelines ----------*- C++ -*-===//

#include "vescale/Planner/PipelineSearch.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <map>
#include <queue>
#include <set>
#include <tuple>

using namespace vescale::planner;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

namespace {
/// A candidate with what is known of its stages so far.
class Refinement {
public:
  Refinement(unsigned layers, const PipelineCandidate &candidate)
      : layers(layers), candidate(candidate), times(timesBy(0)) {
    resplit();
  }

  /// The best split by what is known, none if no split fits.
  const std::optional<StageSplit> &best() const { return split; }

  /// Of a step, not above that with the candidate's own times; infinite if no
  /// split fits.
  double time() const {
    return split ? split->time + candidate.once : kInfinity;
  }

  /// Whether the best split's time is made of its stages' own.
  bool isFinal() const {
    bool isFinal = true;
    forStages([&](const Place &place) { isFinal &= asked.count(place) > 0; });
    return isFinal;
  }

  /// Whether a closer bound is left, which takes the place of the one before.
  bool boundCloser() {
    if (bound + 1 == candidate.bounds.size())
      return false;
    times = timesBy(++bound);
    resplit();
    return true;
  }

  /// Finds the times of the best split's stages; returns how many.
  size_t refine() {
    size_t found = 0;
    forStages([&](const Place &place) {
      if (!asked.insert(place).second)
        return;
      auto [stage, begin, end] = place;
      times.set(stage, begin, end, candidate.timeOf(stage, begin, end));
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

  StageTimes timesBy(size_t bound) const {
    return StageTimes(layers, candidate.stages, candidate.bounds[bound],
                      candidate.alike);
  }

  void resplit() { split = splitStages(times, candidate.form); }

  unsigned layers;
  const PipelineCandidate &candidate;
  size_t bound = 0; // which of the candidate's
  /// By the bound, and of the places that were asked for their own.
  StageTimes times;
  std::set<Place> asked;
  std::optional<StageSplit> split;
};
} // namespace

PipelineSearch
vescale::planner::searchPipelines(unsigned layers,
                                  llvm::ArrayRef<PipelineCandidate> candidates,
                                  const PipelineLimits &limits) {
  using Open = std::pair<double, size_t>; // by bound
  std::priority_queue<Open, std::vector<Open>, std::greater<>> open;
  PipelineSearch search;
  for (auto [i, candidate] : llvm::enumerate(candidates)) {
    bool hasLayers = candidate.stages <= layers;
    search.bounds.push_back(hasLayers ? candidate.least : kInfinity);
    if (hasLayers)
      open.emplace(candidate.least, i);
  }
  std::map<size_t, Refinement> refinements;

  double shortest = kInfinity;
  auto isShort = [&](double time) {
    return time < kInfinity && time <= (1 + limits.within) * shortest;
  };
  // Whether a candidate comes nearer to its times; else the search is cut
  // short.
  auto refine = [&](Refinement &one) {
    search.isComplete &= !(limits.shouldStop && limits.shouldStop());
    if (!search.isComplete || one.boundCloser())
      return search.isComplete;
    search.isComplete = search.timesAsked < limits.times;
    if (search.isComplete)
      search.timesAsked += one.refine();
    return search.isComplete;
  };
  size_t left = 0; // when the search was cut short
  while (!open.empty() && isShort(open.top().first)) {
    auto [time, i] = open.top();
    open.pop();
    // Cut short, nothing new is begun: what is known of it is its bound.
    if (!search.isComplete && !refinements.count(i)) {
      search.lowerBound = std::min(search.lowerBound, time);
      ++left;
      continue;
    }
    auto [place, isNew] = refinements.try_emplace(i, layers, candidates[i]);
    Refinement &one = place->second;
    // Without any choice yet this one is looked at to its end.
    bool isFinal = false;
    while (isShort(one.time()) && !(isFinal = one.isFinal()) && refine(one))
      if (!search.choices.empty())
        break;
    search.bounds[i] = one.time();
    if (!isShort(one.time()))
      continue;
    if (isFinal) {
      shortest = std::min(shortest, one.time());
      search.choices.push_back({i, *one.best(), one.time()});
    } else if (search.isComplete) {
      open.emplace(one.time(), i);
    } else {
      search.lowerBound = std::min(search.lowerBound, one.time());
      ++left;
    }
  }
  search.lowerBound = std::min(search.lowerBound, shortest);
  search.pruned = candidates.size() - search.choices.size() - left;
  llvm::erase_if(search.choices, [&](const PipelineChoice &choice) {
    return !isShort(choice.time);
  });
  llvm::sort(
      search.choices, [](const PipelineChoice &a, const PipelineChoice &b) {
        return std::tie(a.time, a.candidate) < std::tie(b.time, b.candidate);
      });
  return search;
}
