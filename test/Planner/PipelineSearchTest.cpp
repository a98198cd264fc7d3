//===- PipelineSearchTest.cpp - Runs and pipelines, against all -*- C++ -*-===//

#include "vescale/Planner/PipelineSearch.h"
#include "vescale/Planner/LayerRun.h"
#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace vescale::planner;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

namespace {
struct Random {
  explicit Random(uint32_t seed) : engine(seed) {}
  int between(int low, int high) {
    return low + static_cast<int>(engine() % (high - low + 1));
  }
  std::mt19937 engine;
};

/// A run, and the cheapest of all its combinations.
struct RunInstance {
  std::vector<Price> choices;
  std::vector<double> between; // empty: nothing

  explicit RunInstance(Random &random) {
    unsigned count = random.between(1, 4);
    for (unsigned i = 0; i < count; ++i)
      choices.push_back(
          {random.between(0, 9) ? random.between(1, 30) : kInfinity,
           random.between(0, 20), random.between(0, 5)});
    if (random.between(0, 1))
      for (unsigned i = 0; i < count * count; ++i)
        between.push_back(random.between(0, 5) ? random.between(0, 8)
                                               : kInfinity);
  }

  double cheapest(unsigned layers, int64_t memory, int64_t last = -1,
                  int64_t used = 0, int64_t transient = 0) const {
    if (used + transient > memory)
      return kInfinity;
    if (layers == 0)
      return 0;
    double best = kInfinity;
    for (unsigned i = 0; i < choices.size(); ++i) {
      double cost = choices[i].cost;
      if (last >= 0 && !between.empty())
        cost += between[last * choices.size() + i];
      if (std::isfinite(cost))
        best = std::min(
            best,
            cost + cheapest(layers - 1, memory, i, used + choices[i].memory,
                            std::max(transient, choices[i].transient)));
    }
    return best;
  }
};
} // namespace

TEST(LayerRun, IsTheCheapestOfAllAndNotBelowTheBound) {
  int feasible = 0, tight = 0;
  for (uint32_t seed = 0; seed < 1000; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    RunInstance instance(random);
    LayerRun run(instance.choices, instance.between, 6);
    unsigned layers = random.between(1, 6);
    SearchLimits limits;
    limits.memory = random.between(0, 20 * static_cast<int>(layers));
    double want = instance.cheapest(layers, limits.memory);
    Optimum found = run.findCheapest(layers, limits);
    double bound = run.bound(layers, limits.memory);
    ASSERT_EQ(found.status == Optimum::Optimal, std::isfinite(want));
    EXPECT_LE(bound, want + 1e-9);
    if (found.status != Optimum::Optimal)
      continue;
    EXPECT_NEAR(found.cost, want, 1e-9);
    double cost = 0;
    for (unsigned layer = 0; layer < layers; ++layer) {
      cost += instance.choices[found.choices[layer]].cost;
      if (layer > 0 && !instance.between.empty())
        cost +=
            instance
                .between[found.choices[layer - 1] * instance.choices.size() +
                         found.choices[layer]];
    }
    EXPECT_NEAR(cost, want, 1e-9);
    ++feasible;
    tight += bound > 0.9 * want;
  }
  EXPECT_GT(feasible, 300);
  EXPECT_GT(tight, feasible / 2);
}

namespace {
/// Layers on devices: a stage takes less time on more devices, but not in
/// proportion; what fits does too.
struct PipelineInstance {
  unsigned layers;
  std::vector<double> costs; // of layers
  double serial;   // part of a stage's time that devices do not divide
  double capacity; // of layers on a device
  AlikeLayers alike;

  explicit PipelineInstance(Random &random)
      : layers(random.between(1, 8)), serial(random.between(0, 10) / 20.0),
        capacity(random.between(1, 6)),
        alike{0, random.between(0, 1) ? layers : 0} {
    for (unsigned layer = 0; layer < layers; ++layer)
      costs.push_back(alike.end ? 5 : random.between(1, 20));
  }

  double time(unsigned devices, unsigned stage, unsigned begin,
              unsigned end) const {
    if (end - begin > capacity * devices)
      return kInfinity;
    double work = stage; // stages differ a little
    for (unsigned layer = begin; layer < end; ++layer)
      work += costs[layer];
    return work * (serial + (1 - serial) / devices);
  }

  /// All pipelines on up to so many devices: the others idle. The bound is a
  /// part of the time.
  std::vector<PipelineCandidate> candidates(unsigned devices,
                                            double bound) const {
    std::vector<PipelineCandidate> all;
    for (unsigned stages = 1; stages <= devices; ++stages)
      for (unsigned each = 1; stages * each <= devices; ++each)
        for (int64_t microBatches : {1, 2, 8}) {
          auto time = [=](unsigned stage, unsigned begin, unsigned end) {
            return this->time(each, stage, begin, end) / microBatches;
          };
          auto bounded = [=](unsigned stage, unsigned begin, unsigned end) {
            double part = bound + (1 - bound) * ((begin + end) % 2);
            return part * this->time(each, stage, begin, end) / microBatches;
          };
          auto loose = [=](unsigned stage, unsigned begin, unsigned end) {
            return 0.5 * bounded(stage, begin, end);
          };
          PipelineCandidate candidate{stages,        StepForm(microBatches),
                                      stages * 0.25, {loose, bounded},
                                      time,          alike};
          if (auto split =
                  splitStages(layers, stages, candidate.form, loose, alike))
            candidate.least = split->time;
          all.push_back(std::move(candidate));
        }
    return all;
  }
};
} // namespace

TEST(PipelineSearch, FindsAllThatAreCloseToTheShortest) {
  size_t pruned = 0, all = 0;
  for (uint32_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    PipelineInstance instance(random);
    auto candidates =
        instance.candidates(random.between(1, 8), random.between(5, 10) / 10.0);
    // One after the other, with times alone.
    std::vector<std::pair<double, size_t>> want;
    double shortest = kInfinity;
    for (size_t i = 0; i < candidates.size(); ++i)
      if (auto split = splitStages(instance.layers, candidates[i].stages,
                                   candidates[i].form, candidates[i].timeOf)) {
        double time = split->time + candidates[i].once;
        want.push_back({time, i});
        shortest = std::min(shortest, time);
      }
    llvm::erase_if(want, [&](auto one) { return one.first > 1.05 * shortest; });
    llvm::sort(want);
    PipelineSearch search =
        searchPipelines(instance.layers, candidates, {0.05});
    ASSERT_EQ(search.choices.size(), want.size());
    for (size_t i = 0; i < want.size(); ++i) {
      EXPECT_EQ(search.choices[i].candidate, want[i].second);
      EXPECT_EQ(search.choices[i].time, want[i].first);
    }
    EXPECT_TRUE(search.isComplete);
    EXPECT_EQ(search.lowerBound, shortest);
    pruned += search.pruned;
    all += candidates.size();
  }
  EXPECT_GT(pruned, all / 2);
}

/// With ever more times asked for the bound rises and the choice gets better
/// until they meet.
TEST(PipelineSearch, CutShortItStillBounds) {
  int cut = 0;
  for (uint32_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    PipelineInstance instance(random);
    auto candidates = instance.candidates(random.between(1, 8), 0.5);
    PipelineSearch whole = searchPipelines(instance.layers, candidates, {});
    double bound = 0, best = kInfinity;
    PipelineLimits limits;
    for (limits.times = 0; limits.times <= whole.timesAsked; ++limits.times) {
      PipelineSearch search =
          searchPipelines(instance.layers, candidates, limits);
      EXPECT_GE(search.lowerBound, bound * (1 - 1e-12));
      bound = search.lowerBound;
      double found =
          search.choices.empty() ? kInfinity : search.choices[0].time;
      EXPECT_LE(found, best);
      EXPECT_LE(bound, found * (1 + 1e-12));
      best = found;
      cut += !search.isComplete;
    }
    EXPECT_DOUBLE_EQ(bound, whole.lowerBound);
    limits.shouldStop = [] { return true; };
    EXPECT_EQ(searchPipelines(instance.layers, candidates, limits).timesAsked,
              0u);
  }
  EXPECT_GT(cut, 100);
}

TEST(PipelineSearch, MoreDevicesAreNotSlowerIfSomeMayIdle) {
  int faster = 0;
  for (uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    PipelineInstance instance(random);
    double last = kInfinity;
    for (unsigned devices = 1; devices <= 9; ++devices) {
      PipelineSearch search = searchPipelines(
          instance.layers, instance.candidates(devices, 0.8), {});
      double best = search.choices.empty() ? kInfinity : search.choices[0].time;
      EXPECT_LE(best, last);
      faster += best < last;
      last = best;
    }
  }
  EXPECT_GT(faster, 400);
}
