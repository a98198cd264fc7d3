//===- StageSplit.cpp - Layers in the stages of a pipeline ------*- C++ -*-===//
//
// With a cap on the slowest stage the least sum of times is a dynamic program
// over stages and layers; CapSearch.h finds the best cap. What a cap leaves is
// narrow: stage s has at most most_s layers, whichever they are, and since all
// have to go somewhere, at least layers - Σ_{other} most. What no sum of times
// is below comes from a price on layers (the sum's Lagrangian).
//
//===----------------------------------------------------------------------===//
#include "CapSearch.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

using namespace vescale::planner;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::pair<unsigned, unsigned> AlikeLayers::representative(unsigned from,
                                                          unsigned to) const {
  bool beginsInside = from > begin && from < end;
  if (!beginsInside)
    return {from, to};
  // Moved to the first of them, or to the last if it goes beyond.
  unsigned by = to <= end ? from - begin : 0;
  return {from - by, to - by};
}

namespace {
class Splitter {
public:
  Splitter(unsigned layers, unsigned stages, const StageTimes &times)
      : layers(layers), stages(stages), times(times) {}

  /// Narrows the windows; whether they leave room for all layers.
  bool setWindows(double cap);
  CapSearch::Capped solve(double cap);
  double boundOfSum() const;

private:
  unsigned mostInStage() const { return layers - stages + 1; }

  unsigned layers, stages;
  const StageTimes &times;
  /// How many layers a stage, and all before stage s, can have.
  std::vector<unsigned> least, most, leastBefore, mostBefore;
};
} // namespace

size_t StageTimes::rangeOf(unsigned begin, unsigned end) const {
  auto outside = [&](unsigned at) {
    return at <= alike.begin ? at : at - std::min(inside, at - alike.begin);
  };
  unsigned from = outside(begin), to = outside(end);
  unsigned count = (end - begin) - (to - from);
  return (size_t(from) * (layers - inside + 1) + to) * (inside + 1) + count;
}

void StageTimes::forRepresentatives(
    llvm::function_ref<void(unsigned, unsigned)> visit) const {
  for (unsigned begin = 0; begin < layers; ++begin) {
    bool beginsInside = begin > alike.begin && begin < alike.end;
    for (unsigned end = (beginsInside ? alike.end : begin) + 1; end <= layers;
         ++end)
      visit(begin, end);
  }
}

StageTimes::StageTimes(unsigned layers, unsigned stages, StageTime timeOf,
                       const AlikeLayers &alike)
    : layers(layers), stages(stages), alike(alike),
      inside(alike.end - alike.begin),
      ranges(size_t(layers - inside + 1) * (layers - inside + 1) *
             (inside + 1)),
      times(stages * ranges, kInfinity),
      leastByCount(size_t(stages) * (layers + 1), kInfinity) {
  forRepresentatives([&](unsigned begin, unsigned end) {
    size_t range = rangeOf(begin, end);
    for (unsigned stage = 0; stage < stages; ++stage) {
      double time = timeOf(stage, begin, end);
      times[stage * ranges + range] = time;
      double &least = leastByCount[stage * (layers + 1) + end - begin];
      least = std::min(least, time);
    }
  });
}

void StageTimes::set(unsigned stage, unsigned begin, unsigned end,
                     double time) {
  times[stage * ranges + rangeOf(begin, end)] = time;
  unsigned count = end - begin;
  double &least = leastByCount[stage * (layers + 1) + count];
  least = kInfinity;
  forRepresentatives([&](unsigned from, unsigned to) {
    if (to - from == count)
      least = std::min(least, of(stage, from, to));
  });
}

std::vector<double> StageTimes::sorted() const {
  std::vector<double> sorted;
  for (size_t at = 0; at < times.size(); ++at)
    // In most stages a range takes as long as in the one before.
    if (std::isfinite(times[at]) &&
        (at < ranges || times[at] != times[at - ranges]))
      sorted.push_back(times[at]);
  llvm::sort(sorted);
  sorted.erase(llvm::unique(sorted), sorted.end());
  return sorted;
}

bool Splitter::setWindows(double cap) {
  most.assign(stages, 0);
  least.assign(stages, 1);
  unsigned all = 0;
  for (unsigned stage = 0; stage < stages; ++stage) {
    for (unsigned count = mostInStage(); count > 0 && !most[stage]; --count)
      if (times.least(stage, count) <= cap)
        most[stage] = count;
    if (!most[stage])
      return false;
    all += most[stage];
  }
  if (all < layers)
    return false;
  leastBefore.assign(stages + 1, 0);
  mostBefore.assign(stages + 1, 0);
  for (unsigned stage = 0; stage < stages; ++stage) {
    unsigned others = all - most[stage];
    if (others < layers)
      least[stage] = std::max(1u, layers - others);
    mostBefore[stage + 1] = mostBefore[stage] + most[stage];
  }
  for (unsigned stage = 0; stage <= stages; ++stage) {
    unsigned behind = all - mostBefore[stage];
    leastBefore[stage] = std::max(stage, layers - std::min(layers, behind));
    mostBefore[stage] = std::min(mostBefore[stage], layers - (stages - stage));
  }
  return true;
}

CapSearch::Capped Splitter::solve(double cap) {
  if (!setWindows(cap))
    return {{}, kInfinity, kInfinity};
  // By where the stage begins, from leastBefore[stage] on: the least sum of it
  // and all behind, and where it ends then.
  std::vector<double> sums{0}, behind;
  std::vector<std::vector<unsigned>> next(stages);
  for (unsigned stage = stages; stage-- > 0;) {
    sums.swap(behind);
    unsigned size = mostBefore[stage] - leastBefore[stage] + 1;
    unsigned firstEnd = leastBefore[stage + 1], lastEnd = mostBefore[stage + 1];
    sums.assign(size, kInfinity);
    next[stage].assign(size, 0);
    for (unsigned i = 0; i < size; ++i) {
      unsigned begin = leastBefore[stage] + i;
      unsigned from = std::max(begin + least[stage], firstEnd);
      unsigned to = std::min(begin + most[stage], lastEnd);
      for (unsigned end = from; end <= to; ++end) {
        double own = times.of(stage, begin, end);
        double sum = own + behind[end - firstEnd];
        if (own <= cap && sum < sums[i]) {
          sums[i] = sum;
          next[stage][i] = end;
        }
      }
    }
  }
  CapSearch::Capped capped{{}, sums[0], 0};
  if (std::isinf(sums[0]))
    return capped;
  for (unsigned stage = 0, begin = 0; stage < stages; ++stage) {
    unsigned end = next[stage][begin - leastBefore[stage]];
    capped.slowest = std::max(capped.slowest, times.of(stage, begin, end));
    capped.ends.push_back(begin = end);
  }
  return capped;
}

/// Σ_s min_n (t_s(n) - price · n) + price · layers, for the best price.
double Splitter::boundOfSum() const {
  double largest = 0, best = -kInfinity;
  for (unsigned stage = 0; stage < stages; ++stage)
    for (unsigned count = 1; count <= mostInStage(); ++count)
      if (double time = times.least(stage, count); std::isfinite(time))
        largest = std::max(largest, std::abs(time));
  double low = -2 * largest, high = 2 * largest;
  for (int step = 0; step < 60; ++step) {
    double price = low + (high - low) / 2, bound = price * layers;
    unsigned taken = 0;
    for (unsigned stage = 0; stage < stages; ++stage) {
      double cheapest = kInfinity;
      unsigned at = 0;
      for (unsigned count = 1; count <= mostInStage(); ++count) {
        double reduced = times.least(stage, count) - price * count;
        if (reduced < cheapest) {
          cheapest = reduced;
          at = count;
        }
      }
      bound += cheapest;
      taken += at;
    }
    best = std::max(best, bound);
    if (taken == layers)
      break;
    (taken < layers ? low : high) = price;
  }
  // Less what rounding may have added.
  return best - 1e-9 * std::abs(best);
}

std::optional<StageSplit> vescale::planner::splitStages(const StageTimes &times,
                                                        const StepForm &form) {
  unsigned layers = times.getLayers(), stages = times.getStages();
  if (stages == 0 || stages > layers)
    return std::nullopt;
  Splitter splitter(layers, stages, times);
  std::vector<double> caps = times.sorted();
  auto *last = caps.data() + caps.size();
  auto *first = std::partition_point(
      caps.data(), last, [&](double cap) { return !splitter.setWindows(cap); });
  auto isTooTight = [&](double cap) {
    return splitter.solve(cap).ends.empty();
  };
  // What windows let through is most often enough or nearly so, and wide caps
  // are dear: steps that double find the end.
  for (ptrdiff_t step = 1; first != last && isTooTight(*first); step *= 2) {
    auto *next = first + std::min(step, last - first);
    if (next == last || !isTooTight(*next)) {
      first = std::partition_point(first + 1, next, isTooTight);
      break;
    }
    first = next;
  }
  if (first == last)
    return std::nullopt;
  return CapSearch(llvm::ArrayRef(first, last), form, splitter.boundOfSum(),
                   [&](double cap) { return splitter.solve(cap); })
      .best;
}
