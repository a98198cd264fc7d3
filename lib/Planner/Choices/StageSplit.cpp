//===- StageSplit.cpp - Layers in the stages of a pipeline ------*- C++ -*-===//
//
// The cap on the slowest stage goes through all times that a stage can take,
// the smallest first. Without a cap the sum of times is the least that it can
// be, and the step no shorter than that sum and the cap's share: there the
// search ends.
//
//===----------------------------------------------------------------------===//
#include "vescale/Planner/StageSplit.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>
#include <limits>
#include <vector>

using namespace vescale::planner;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

namespace {
class Splitter {
public:
  Splitter(unsigned layers, unsigned stages, StageTime timeOf)
      : layers(layers), stages(stages),
        times(stages * (layers + 1) * (layers + 1), kInfinity) {
    for (unsigned stage = 0; stage < stages; ++stage)
      for (unsigned begin = stage; begin < layers; ++begin)
        for (unsigned end = begin + 1; end + (stages - 1 - stage) <= layers;
             ++end)
          times[place(stage, begin, end)] = timeOf(stage, begin, end);
  }

  std::vector<double> caps() const {
    std::vector<double> caps;
    llvm::copy_if(times, std::back_inserter(caps),
                  [](double time) { return std::isfinite(time); });
    llvm::sort(caps);
    caps.erase(llvm::unique(caps), caps.end());
    return caps;
  }

  /// The least sum of times none of which is above the cap; `ends` is where
  /// stages end then.
  double leastSum(double cap, llvm::SmallVectorImpl<unsigned> &ends) const;

private:
  size_t place(size_t stage, unsigned begin, unsigned end) const {
    return (stage * (layers + 1) + begin) * (layers + 1) + end;
  }

  unsigned layers, stages;
  std::vector<double> times;
};
} // namespace

double Splitter::leastSum(double cap,
                          llvm::SmallVectorImpl<unsigned> &ends) const {
  // least[s][l]: of stages s and later with layers l and later.
  size_t width = layers + 1;
  std::vector<double> least((stages + 1) * width, kInfinity);
  std::vector<unsigned> next(stages * width, 0);
  least[stages * width + layers] = 0;
  for (unsigned stage = stages; stage-- > 0;)
    for (unsigned begin = stage; begin < layers; ++begin)
      for (unsigned end = begin + 1; end <= layers; ++end) {
        double own = times[place(stage, begin, end)];
        double sum = own + least[(stage + 1) * width + end];
        if (own <= cap && sum < least[stage * width + begin]) {
          least[stage * width + begin] = sum;
          next[stage * width + begin] = end;
        }
      }
  ends.clear();
  if (std::isfinite(least[0]))
    for (unsigned stage = 0, begin = 0; stage < stages; ++stage)
      ends.push_back(begin = next[stage * width + begin]);
  return least[0];
}

std::optional<StageSplit> vescale::planner::splitStages(unsigned layers,
                                                        unsigned stages,
                                                        int64_t microBatches,
                                                        StageTime timeOf) {
  if (stages == 0 || stages > layers)
    return std::nullopt;
  Splitter splitter(layers, stages, timeOf);
  auto others = static_cast<double>(microBatches - 1);
  llvm::SmallVector<unsigned> ends;
  double floor = splitter.leastSum(kInfinity, ends);
  if (ends.empty())
    return std::nullopt;
  std::vector<double> caps = splitter.caps();
  // Below the first cap with a split there is none.
  auto *first = std::partition_point(
      caps.data(), caps.data() + caps.size(),
      [&](double cap) { return std::isinf(splitter.leastSum(cap, ends)); });
  std::optional<StageSplit> best;
  for (const double *cap = first; cap != caps.data() + caps.size(); ++cap) {
    if (best && floor + others * *cap >= best->time)
      break;
    double time = splitter.leastSum(*cap, ends) + others * *cap;
    if (!best || time < best->time)
      best = {ends, time, *cap};
  }
  return best;
}
