//===- AlikeLayers.cpp - A split of layers that are alike -------*- C++ -*-===//
//
// As in StageSplit.cpp the cap on the slowest stage goes through the times that
// a stage can take. A cap leaves stage s at most most_s layers, and since all
// have to go somewhere, at least layers - Σ_{other} most: near the least cap
// that is a narrow window, and so is the table of the dynamic program. What no
// sum of times is below comes from a price on layers (the sum's Lagrangian)
// instead of a program without a cap.
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
class AlikeSplitter {
public:
  AlikeSplitter(unsigned layers, unsigned stages, StageTimeByCount timeOf)
      : layers(layers), stages(stages), width(layers - stages + 2),
        times(size_t(stages) * width, kInfinity) {
    for (unsigned stage = 0; stage < stages; ++stage)
      for (unsigned count = 1; count < width; ++count)
        times[place(stage, count)] = timeOf(stage, count);
  }

  std::vector<double> caps() const;
  /// Whether a split within the cap exists for all that most_s says.
  bool hasRoom(double cap) { return setWindows(cap); }
  CapSearch::Capped solve(double cap);
  double boundOfSum() const;

private:
  size_t place(size_t stage, unsigned count) const {
    return stage * width + count;
  }
  bool setWindows(double cap);

  unsigned layers, stages, width;
  std::vector<double> times;
  /// How many layers a stage, and all before stage s, can have.
  std::vector<unsigned> least, most, leastBefore, mostBefore;
};
} // namespace

std::vector<double> AlikeSplitter::caps() const {
  std::vector<double> caps;
  llvm::copy_if(times, std::back_inserter(caps),
                [](double time) { return std::isfinite(time); });
  llvm::sort(caps);
  caps.erase(llvm::unique(caps), caps.end());
  return caps;
}

bool AlikeSplitter::setWindows(double cap) {
  most.assign(stages, 0);
  least.assign(stages, 1);
  unsigned all = 0;
  for (unsigned stage = 0; stage < stages; ++stage) {
    for (unsigned count = width - 1; count > 0 && !most[stage]; --count)
      if (times[place(stage, count)] <= cap)
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

CapSearch::Capped AlikeSplitter::solve(double cap) {
  if (!setWindows(cap))
    return {{}, kInfinity, kInfinity};
  // By where the stage begins, from leastBefore[stage] on: the least sum of it
  // and all behind, and where it ends then.
  std::vector<double> sums{0}, behind;
  std::vector<std::vector<unsigned>> next(stages);
  for (unsigned stage = stages; stage-- > 0;) {
    sums.swap(behind);
    unsigned first = leastBefore[stage],
             size = mostBefore[stage] - leastBefore[stage] + 1;
    unsigned firstEnd = leastBefore[stage + 1], lastEnd = mostBefore[stage + 1];
    sums.assign(size, kInfinity);
    next[stage].assign(size, 0);
    for (unsigned i = 0; i < size; ++i) {
      unsigned begin = first + i;
      unsigned from = std::max(begin + least[stage], firstEnd);
      unsigned to = std::min(begin + most[stage], lastEnd);
      for (unsigned end = from; end <= to; ++end) {
        double own = times[place(stage, end - begin)];
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
    capped.slowest = std::max(capped.slowest, times[place(stage, end - begin)]);
    capped.ends.push_back(begin = end);
  }
  return capped;
}

/// Σ_s min_n (t_s(n) - price · n) + price · layers, for the best price.
double AlikeSplitter::boundOfSum() const {
  double largest = 0, best = -kInfinity;
  for (double time : times)
    if (std::isfinite(time))
      largest = std::max(largest, std::abs(time));
  double low = -2 * largest, high = 2 * largest;
  for (int step = 0; step < 60; ++step) {
    double price = low + (high - low) / 2, bound = price * layers;
    unsigned taken = 0;
    for (unsigned stage = 0; stage < stages; ++stage) {
      double least = kInfinity;
      unsigned at = 0;
      for (unsigned count = 1; count < width; ++count) {
        double reduced = times[place(stage, count)] - price * count;
        if (reduced < least) {
          least = reduced;
          at = count;
        }
      }
      bound += least;
      taken += at;
    }
    best = std::max(best, bound);
    if (taken == layers)
      break;
    (taken < layers ? low : high) = price;
  }
  // Of what rounding may have added.
  return best - 1e-9 * std::abs(best);
}

std::optional<StageSplit>
vescale::planner::splitAlikeLayers(unsigned layers, unsigned stages,
                                   const StepForm &form,
                                   StageTimeByCount timeOf) {
  if (stages == 0 || stages > layers)
    return std::nullopt;
  AlikeSplitter splitter(layers, stages, timeOf);
  std::vector<double> caps = splitter.caps();
  auto isTooTight = [&](double cap) {
    return splitter.solve(cap).ends.empty();
  };
  auto *last = caps.data() + caps.size();
  auto *first = std::partition_point(
      caps.data(), last, [&](double cap) { return !splitter.hasRoom(cap); });
  if (first != last && isTooTight(*first))
    first = std::partition_point(first, last, isTooTight);
  if (first == last)
    return std::nullopt;
  return CapSearch(llvm::ArrayRef(first, last), form, splitter.boundOfSum(),
                   [&](double cap) { return splitter.solve(cap); })
      .best;
}
