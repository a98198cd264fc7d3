//===- StageSplitTest.cpp - Splits against all others -----------*- C++ -*-===//

#include "vescale/Planner/StageSplit.h"
#include <cmath>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <tuple>

using namespace vescale::planner;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// The shortest step of all splits of layers from `begin` on.
static double shortest(unsigned layers, unsigned stages, int64_t microBatches,
                       StageTime timeOf, unsigned stage = 0, unsigned begin = 0,
                       double sum = 0, double slowest = 0) {
  if (stage == stages)
    return begin == layers
               ? sum + static_cast<double>(microBatches - 1) * slowest
               : kInfinity;
  double best = kInfinity;
  for (unsigned end = begin + 1; end <= layers; ++end) {
    double time = timeOf(stage, begin, end);
    if (std::isfinite(time))
      best = std::min(best,
                      shortest(layers, stages, microBatches, timeOf, stage + 1,
                               end, sum + time, std::max(slowest, time)));
  }
  return best;
}

TEST(StageSplit, IsTheShortestOfAll) {
  int feasible = 0;
  for (uint32_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 engine(seed);
    auto between = [&](int low, int high) {
      return low + static_cast<int>(engine() % (high - low + 1));
    };
    unsigned layers = between(1, 9), stages = between(1, 5);
    int64_t microBatches = between(1, 12);
    std::map<std::tuple<unsigned, unsigned, unsigned>, double> times;
    auto timeOf = [&](unsigned stage, unsigned begin, unsigned end) {
      EXPECT_LT(begin, end);
      EXPECT_LE(end, layers);
      auto [found, isNew] = times.try_emplace({stage, begin, end}, 0);
      if (isNew)
        found->second =
            between(0, 4) ? between(1, 20) / 3.0 * (end - begin) : kInfinity;
      return found->second;
    };
    double want = shortest(layers, stages, microBatches, timeOf);
    std::optional<StageSplit> found =
        splitStages(layers, stages, StepForm(microBatches), timeOf);
    ASSERT_EQ(found.has_value(), std::isfinite(want));
    if (!found)
      continue;
    ++feasible;
    EXPECT_NEAR(found->time, want, 1e-9 * want);
    ASSERT_EQ(found->ends.size(), stages);
    EXPECT_EQ(found->ends.back(), layers);
    double sum = 0, slowest = 0;
    for (unsigned stage = 0, begin = 0; stage < stages; ++stage) {
      double time = timeOf(stage, begin, found->ends[stage]);
      sum += time;
      slowest = std::max(slowest, time);
      begin = found->ends[stage];
    }
    EXPECT_EQ(slowest, found->bottleneck);
    EXPECT_NEAR(sum + static_cast<double>(microBatches - 1) * slowest,
                found->time, 1e-9 * want);
  }
  EXPECT_GT(feasible, 1000);
}

/// The head costs as much as two layers: the last stage has two fewer.
TEST(StageSplit, GivesLessToStagesWithMoreWork) {
  auto timeOf = [](unsigned, unsigned begin, unsigned end) {
    return static_cast<double>(end - begin) + (end == 30 ? 2 : 0);
  };
  std::optional<StageSplit> split = splitStages(30, 4, StepForm(64), timeOf);
  ASSERT_TRUE(split);
  EXPECT_EQ(split->ends, (llvm::SmallVector<unsigned>{8, 16, 24, 30}));
  EXPECT_EQ(split->time, 32 + 63 * 8);
}

TEST(StageSplit, NeedsALayerForEachStage) {
  auto timeOf = [](unsigned, unsigned, unsigned) { return 1.0; };
  EXPECT_FALSE(splitStages(3, 4, StepForm(8), timeOf));
  EXPECT_TRUE(splitStages(4, 4, StepForm(8), timeOf));
}

/// Times of all sorts: those that shrink with more layers and those that do not
/// fit among them. Layers before and behind those that are alike differ.
TEST(StageSplit, AlikeLayersAreSplitTheSame) {
  int feasible = 0;
  for (uint32_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 engine(seed);
    auto between = [&](int low, int high) {
      return low + static_cast<int>(engine() % (high - low + 1));
    };
    unsigned layers = between(1, 24), stages = between(1, 6);
    StepForm form(between(1, 12), between(1, 3));
    AlikeLayers alike;
    alike.begin = between(0, std::min(3u, layers));
    alike.end = between(static_cast<int>(alike.begin), layers);
    int sort = between(0, 2);
    std::map<std::tuple<unsigned, unsigned, unsigned>, double> times;
    std::vector<double> each, more;
    for (unsigned stage = 0; stage < stages; ++stage) {
      each.push_back(between(3, 9) / 3.0);
      more.push_back(between(0, 6) / 3.0);
    }
    bool onlyRepresentatives = true;
    auto timeOf = [&](unsigned stage, unsigned begin, unsigned end) {
      std::pair range = alike.representative(begin, end);
      onlyRepresentatives &= range == std::pair(begin, end);
      auto [place, isNew] =
          times.try_emplace({stage, range.first, range.second}, 0);
      if (!isNew)
        return place->second;
      double outside = 0;
      for (unsigned layer = begin; layer < end; ++layer)
        outside += layer < alike.begin || layer >= alike.end ? layer % 4 : 0;
      place->second = more[stage] + each[stage] * (end - begin) + outside;
      if (sort == 0)
        place->second = between(0, 4) ? between(1, 40) / 3.0 : kInfinity;
      if (sort == 1 && end - begin > layers / stages + 2)
        place->second = kInfinity;
      return place->second;
    };
    auto found = splitStages(layers, stages, form, timeOf, alike);
    EXPECT_TRUE(onlyRepresentatives);
    auto want = splitStages(layers, stages, form, timeOf);
    ASSERT_EQ(found.has_value(), want.has_value());
    if (!found)
      continue;
    ++feasible;
    EXPECT_EQ(found->time, want->time);
    EXPECT_EQ(found->bottleneck, want->bottleneck);
    EXPECT_EQ(found->ends, want->ends);
  }
  EXPECT_GT(feasible, 1000);
}
