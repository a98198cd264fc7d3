//===- OrderPlayer.cpp - What becomes of an order of work -------*- C++ -*-===//

#include "passes/Lower/OrderPlayer.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::rank;

OrderPlayer::OrderPlayer(ArrayRef<Step> steps, int64_t bucketBytes)
    : steps(steps), bucketBytes(bucketBytes) {
  for (auto [number, step] : llvm::enumerate(steps)) {
    numbers[step.op] = number;
    if (!step.getCollective())
      work += step.time;
  }
}

OrderPlayer::Plan OrderPlayer::plan(const WorkOrder &order) const {
  Plan plan;
  plan.ordered = order.getSteps();
  plan.buckets = formBuckets(plan.ordered, bucketBytes);
  plan.times = workTimes(plan.ordered);
  plan.events = planExchanges(plan.times, plan.buckets, {});
  return plan;
}

Outcome OrderPlayer::play(const WorkOrder &order) const {
  Plan planned = plan(order);
  Outcome outcome;
  outcome.idle.assign(steps.size(), 0.0);
  for (double slowness : {0.5, 1.0, 2.0}) {
    Timeline line =
        playExchanges(planned.events, planned.times, planned.buckets, slowness);
    if (work > 0)
      outcome.time += line.time / (work * (1 + slowness));
    if (slowness == 1.0)
      for (auto [bucket, idle] : llvm::zip_equal(planned.buckets, line.idle))
        for (CollectiveOp member : bucket.members)
          outcome.idle[numbers.lookup(member)] = idle;
  }
  return outcome;
}

SmallVector<int64_t> OrderPlayer::findTouched(const WorkOrder &order) const {
  Plan planned = plan(order);
  SmallVector<int64_t> touched;
  ArrayRef<ExchangeEvent> events = planned.events;
  int64_t boundary = 0;
  auto addEvents = [&] {
    for (; !events.empty() && events.front().boundary == boundary;
         events = events.drop_front())
      for (CollectiveOp member : planned.buckets[events.front().bucket].members)
        touched.push_back(numbers.lookup(member));
  };
  for (const Step &step : planned.ordered.steps) {
    if (step.getCollective())
      continue;
    addEvents();
    touched.push_back(numbers.lookup(step.op));
    ++boundary;
  }
  addEvents();
  return touched;
}
