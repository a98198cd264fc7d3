//===- CapSearch.cpp - The best cap on the slowest stage --------*- C++ -*-===//

#include "CapSearch.h"
#include <algorithm>
#include <cmath>

using namespace vescale::planner;

CapSearch::CapSearch(llvm::ArrayRef<double> caps, const StepForm &form,
                     double floor, Solver solver)
    : caps(caps), form(form), solver(solver) {
  solve(0);
  auto *end = std::partition_point(
      caps.begin(), caps.end(), [&](double cap) { return canWin(floor, cap); });
  if (size_t high = end - caps.begin(); high > 1)
    between(0, high - 1, solve(high - 1));
}

/// Of equal steps the one with the faster slowest stage wins. Sums of the same
/// times in another order are equal.
bool CapSearch::canWin(double sum, double slowest) const {
  double time = form(sum, slowest), rounding = 1e-12 * std::abs(best.time);
  if (std::abs(time - best.time) <= rounding)
    return slowest < best.bottleneck;
  return time < best.time;
}

double CapSearch::solve(size_t cap) {
  Capped capped = solver(caps[cap]);
  if (best.ends.empty() || canWin(capped.sum, capped.slowest))
    best = {capped.ends, form(capped.sum, capped.slowest), capped.slowest};
  return capped.sum;
}

void CapSearch::between(size_t low, size_t high, double highSum) {
  if (high - low < 2 || !canWin(highSum, caps[low + 1]))
    return;
  size_t middle = low + (high - low) / 2;
  double middleSum = solve(middle);
  between(low, middle, middleSum);
  between(middle, high, highSum);
}
