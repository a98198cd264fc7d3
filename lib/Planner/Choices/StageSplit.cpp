//===- StageSplit.cpp - Layers in the stages of a pipeline ------*- C++ -*-===//
//
// With a cap on the slowest stage the least sum of times is a dynamic program
// over stages and layers; CapSearch.h finds the best cap.
//
//===----------------------------------------------------------------------===//
#include "CapSearch.h"
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

  CapSearch::Capped solve(double cap) const;

private:
  size_t place(size_t stage, unsigned begin, unsigned end) const {
    return (stage * (layers + 1) + begin) * (layers + 1) + end;
  }

  unsigned layers, stages;
  std::vector<double> times;
};
} // namespace

CapSearch::Capped Splitter::solve(double cap) const {
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
  CapSearch::Capped capped{{}, least[0], 0};
  if (std::isinf(least[0]))
    return capped;
  for (unsigned stage = 0, begin = 0; stage < stages; ++stage) {
    unsigned end = next[stage * width + begin];
    capped.slowest = std::max(capped.slowest, times[place(stage, begin, end)]);
    capped.ends.push_back(begin = end);
  }
  return capped;
}

std::optional<StageSplit> vescale::planner::splitStages(unsigned layers,
                                                        unsigned stages,
                                                        const StepForm &form,
                                                        StageTime timeOf) {
  if (stages == 0 || stages > layers)
    return std::nullopt;
  Splitter splitter(layers, stages, timeOf);
  CapSearch::Capped uncapped = splitter.solve(kInfinity);
  if (uncapped.ends.empty())
    return std::nullopt;
  // Below the first cap with a split there is none.
  std::vector<double> caps = splitter.caps();
  auto *last = caps.data() + caps.size();
  auto *first = std::partition_point(caps.data(), last, [&](double cap) {
    return splitter.solve(cap).ends.empty();
  });
  return CapSearch(llvm::ArrayRef(first, last), form, uncapped.sum,
                   [&](double cap) { return splitter.solve(cap); })
      .best;
}
