//===- WorkOrder.cpp - An order of steps and what it covers -----*- C++ -*-===//

#include "passes/Lower/WorkOrder.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::rank;

WorkOrder::WorkOrder(ArrayRef<Step> steps) : steps(steps) {
  double work = 0, sent = 0;
  int64_t collectives = 0;
  for (const Step &step : steps) {
    CollectiveOp collective = step.getCollective();
    times.push_back(collective ? sentBytes(collective) : costOf(step.op));
    (collective ? sent : work) += times.back();
    collectives += collective != nullptr;
  }
  for (auto [time, step] : llvm::zip_equal(times, steps))
    if (step.getCollective() && sent > 0)
      time *= work / sent;
  average = collectives ? work / collectives : 0;
  set(llvm::to_vector(llvm::seq<int64_t>(0, steps.size())));
}

void WorkOrder::set(ArrayRef<int64_t> newOrder) {
  order.assign(newOrder.begin(), newOrder.end());
  places.assign(order.size(), 0);
  sums.assign(1, 0.0);
  for (auto [place, step] : llvm::enumerate(order)) {
    places[step] = place;
    sums.push_back(sums.back() + (isWork(step) ? times[step] : 0.0));
  }
}

int64_t WorkOrder::readyPlace(int64_t collective) const {
  int64_t ready = 0;
  for (int64_t before : steps[collective].before)
    ready = std::max(ready, places[before] + 1);
  return ready;
}

int64_t WorkOrder::usePlace(int64_t collective) const {
  int64_t use = size();
  for (int64_t behind : steps[collective].behind)
    use = std::min(use, isWork(behind) ? places[behind] : usePlace(behind));
  return use;
}

double WorkOrder::coverOf(int64_t collective) const {
  int64_t use = usePlace(collective);
  return sums[use] - sums[std::min(readyPlace(collective), use)];
}
