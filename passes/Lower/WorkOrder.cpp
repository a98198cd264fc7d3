//===- WorkOrder.cpp - An order of steps that can change --------*- C++ -*-===//

#include "passes/Lower/WorkOrder.h"

using namespace mlir;
using namespace vescale;

WorkOrder::WorkOrder(ArrayRef<Step> steps) : steps(steps) {
  set(llvm::to_vector(llvm::seq<int64_t>(0, steps.size())));
}

void WorkOrder::set(ArrayRef<int64_t> newOrder) {
  order.assign(newOrder.begin(), newOrder.end());
  places.assign(order.size(), 0);
  for (auto [place, step] : llvm::enumerate(order))
    places[step] = place;
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
    use = std::min(use, steps[behind].getCollective() ? usePlace(behind)
                                                      : places[behind]);
  return use;
}

EntrySteps WorkOrder::getSteps() const {
  EntrySteps changed;
  for (int64_t number : order) {
    Step &step = changed.steps.emplace_back(steps[number]);
    for (int64_t &other : step.before)
      other = places[other];
    for (int64_t &other : step.behind)
      other = places[other];
  }
  return changed;
}
