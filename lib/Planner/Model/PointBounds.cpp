//===- PointBounds.cpp - What stages take at least --------------*- C++ -*-===//

#include "lib/Planner/Model/PointSolver.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::planner;

std::vector<double> vescale::planner::prefixSums(ArrayRef<double> each) {
  std::vector<double> sums = {0.0};
  for (double value : each)
    sums.push_back(sums.back() + value);
  return sums;
}

PointSolver::Bound PointSolver::boundAt(const Counting &counting,
                                        double multiplier) {
  return {multiplier,
          prefixSums(laid().chain->leastCosts({counting, multiplier}))};
}

double PointSolver::boundByTime(unsigned stage, unsigned begin, unsigned end) {
  if (!free)
    free = boundAt(counting(stage, space.machine.overlap.coreShare), 0);
  return (free->sums[end] - free->sums[begin]) /
         static_cast<double>(point.microBatches);
}

/// At the price of memory of a stage that has its even part of the layers, and
/// where memory is all that counts.
const std::vector<PointSolver::Bound> &
PointSolver::boundsOf(const Counting &counting) {
  auto [place, isNew] = bounds.try_emplace(counting.inFlight);
  if (!isNew)
    return place->second;
  AlikeLayers alike = space.alike();
  auto stages = static_cast<unsigned>(point.pp);
  unsigned even = std::min(llvm::divideCeil(space.units(), stages),
                           alike.end - alike.begin);
  const ChainPlan &plan = solve(counting, alike.begin, alike.begin + even);
  if (plan.fits && plan.multiplier > 0)
    place->second.push_back(boundAt(counting, plan.multiplier));
  place->second.push_back(memoryAlone(counting));
  return place->second;
}

const PointSolver::Bound &PointSolver::memoryAlone(const Counting &counting) {
  auto place = needs.find(counting.inFlight);
  if (place == needs.end())
    place =
        needs.try_emplace(counting.inFlight, boundAt(counting, kMemoryAlone))
            .first;
  return place->second;
}

double PointSolver::boundByMemory(unsigned stage, unsigned begin,
                                  unsigned end) {
  // With fewer micro-batches in flight a stage is no slower: powers of two
  // serve all.
  Counting fewer = counting(stage, space.machine.overlap.coreShare);
  fewer.inFlight = static_cast<int64_t>(llvm::bit_floor(
      static_cast<uint64_t>(std::max<int64_t>(fewer.inFlight, 1))));
  auto limit = static_cast<double>(space.memoryLimit());
  double most = 0;
  for (const Bound &bound : boundsOf(fewer))
    most = std::max(most, bound.sums[end] - bound.sums[begin] -
                              bound.multiplier * limit);
  return std::max(most / static_cast<double>(point.microBatches),
                  boundByTime(stage, begin, end));
}

double PointSolver::leastStep() {
  auto timeOf = [&](unsigned stage, unsigned begin, unsigned end) {
    return boundByTime(stage, begin, end);
  };
  std::optional<StageSplit> split = splitStages(
      space.units(), static_cast<unsigned>(point.pp),
      StepForm(point.microBatches, point.chunks), timeOf, space.alike());
  return split ? split->time : std::numeric_limits<double>::infinity();
}

/// The split whose largest stage is the smallest; of that stage without
/// transients.
int64_t PointSolver::leastBytes() {
  auto bytesOf = [&](unsigned stage, unsigned begin, unsigned end) {
    const Bound &bound =
        memoryAlone(counting(stage, space.machine.overlap.coreShare));
    return (bound.sums[end] - bound.sums[begin]) / kMemoryAlone;
  };
  // As good as the largest alone.
  constexpr int64_t many = int64_t(1) << 30;
  std::optional<StageSplit> split =
      splitStages(space.units(), static_cast<unsigned>(point.pp),
                  StepForm(many), bytesOf, space.alike());
  return split ? static_cast<int64_t>(split->bottleneck)
               : std::numeric_limits<int64_t>::max();
}
