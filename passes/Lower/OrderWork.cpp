//===- OrderWork.cpp - Work to hide exchanges behind ------------*- C++ -*-===//
//
// Terms. A collective is *exposed* if less than half of its transfer is covered
// (WorkOrder.h), and it is no shorter than a tenth of the average: how long a
// transfer takes is a guess, so nothing is done for what is little or half
// done.
//
// For each exposed collective, in program order, work that it does not depend
// on goes from before it to right behind it, the nearest first, until it is
// covered. A step goes
//   1. with the collectives that depend on it, if no other work before the
//      exposed one does;
//   2. not past the use of a collective that it covers already;
//   3. if each collective that goes with it is ready no later than it was, or
//      is covered by work behind the exposed one's use;
//   4. if the program needs no more memory than in the order that was given.
//
//===----------------------------------------------------------------------===//
#include "passes/Lower/LiveBytes.h"
#include "passes/Lower/Passes.h"
#include "passes/Lower/WorkOrder.h"
#include "llvm/ADT/BitVector.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::rank;
using llvm::BitVector;

namespace vescale {
#define GEN_PASS_DEF_ORDERWORK
#include "passes/Lower/Passes.h.inc"
} // namespace vescale

namespace {

class Coverer {
public:
  Coverer(ArrayRef<Step> steps, const LiveBytes &live, PeakBytes limit)
      : steps(steps), live(live), limit(limit), order(steps),
        bound(steps.size(), -1) {}

  /// The numbers of the steps in their new order.
  SmallVector<int64_t> run() {
    for (int64_t number = 0; number < order.size(); ++number)
      if (!order.isWork(number))
        cover(number);
    return llvm::to_vector(order.get());
  }

private:
  /// All that leads to a step.
  BitVector findNeeded(int64_t number) const {
    BitVector needed(steps.size());
    SmallVector<int64_t> open = {number};
    while (!open.empty())
      for (int64_t other : steps[open.pop_back_val()].before)
        if (!needed.test(other)) {
          needed.set(other);
          open.push_back(other);
        }
    return needed;
  }

  void cover(int64_t collective) {
    double time = order.timeOf(collective),
           missing = time - order.coverOf(collective);
    if (missing <= time / 2 || time < order.transferTime() / 10)
      return;
    BitVector moved = choose(collective, missing);
    double taken = 0;
    for (int64_t step : moved.set_bits())
      taken += order.isWork(step) ? order.timeOf(step) : 0.0;
    if (taken < time / 100)
      return; // not for crumbs
    order.set(withBehind(collective, moved));
    int64_t use = order.usePlace(collective);
    if (use == order.size())
      return;
    int64_t user = order.get()[use];
    for (int64_t at = order.readyPlace(collective); at < use; ++at) {
      int64_t &last = bound[order.get()[at]];
      if (last < 0 || use < order.placeOf(last))
        last = user;
    }
  }

  /// Whether it is the nearest whole number of steps with this one.
  bool isWorth(int64_t step, double missing) const {
    return order.isWork(step) && order.timeOf(step) <= 2 * missing;
  }

  /// The steps that go behind a collective.
  BitVector choose(int64_t collective, double missing) {
    BitVector needed = findNeeded(collective);
    int64_t ready = order.readyPlace(collective);
    SmallVector<int64_t> given(order.get());
    BitVector moved(steps.size());
    for (int64_t place = ready; place-- > 0;) {
      int64_t step = given[place];
      if (needed.test(step) || !isWorth(step, missing) ||
          (bound[step] >= 0 && order.placeOf(bound[step]) < ready))
        continue;
      BitVector more = moved;
      if (!addUsers(step, ready, more) || !isGood(collective, moved, more))
        continue;
      moved = more;
      missing -= order.timeOf(step);
    }
    return moved;
  }

  /// Adds a step and the collectives that depend on it; false if work before
  /// `ready` does that is not among the moved.
  bool addUsers(int64_t step, int64_t ready, BitVector &moved) const {
    moved.set(step);
    for (int64_t user : steps[step].behind) {
      if (order.placeOf(user) >= ready || moved.test(user))
        continue;
      if (order.isWork(user) || !addUsers(user, ready, moved))
        return false;
    }
    return true;
  }

  /// The order with the collective where it is ready, and the moved behind it.
  SmallVector<int64_t> withBehind(int64_t collective,
                                  const BitVector &moved) const {
    ArrayRef<int64_t> given = order.get();
    int64_t ready = order.readyPlace(collective);
    SmallVector<int64_t> changed, behind = {collective};
    for (int64_t step : given.take_front(ready))
      (moved.test(step) ? behind : changed).push_back(step);
    llvm::append_range(changed, behind);
    for (int64_t step : given.drop_front(ready))
      if (step != collective)
        changed.push_back(step);
    return changed;
  }

  /// Whether other collectives stay covered, and memory is enough.
  bool isGood(int64_t collective, const BitVector &before,
              const BitVector &moved) {
    double use = order.workBefore(order.usePlace(collective));
    SmallVector<std::pair<int64_t, double>> delayed;
    for (int64_t step : moved.set_bits())
      for (int64_t user : steps[step].behind)
        if (!before.test(step) && !order.isWork(user) &&
            order.workBefore(order.usePlace(user)) - use < order.timeOf(user))
          delayed.push_back({user, order.workBefore(order.readyPlace(user))});
    SmallVector<int64_t> given(order.get());
    order.set(withBehind(collective, moved));
    bool good = fits(order.get()) && llvm::all_of(delayed, [&](auto entry) {
                  return order.workBefore(order.readyPlace(entry.first)) <=
                         entry.second;
                });
    order.set(given);
    return good;
  }

  bool fits(ArrayRef<int64_t> steps) const {
    return live.peakOf(steps).fitsIn(limit);
  }

  ArrayRef<Step> steps;
  const LiveBytes &live;
  PeakBytes limit;
  WorkOrder order;
  SmallVector<int64_t> bound; // work that a step stays before, or -1
};

/// Puts the steps of an entry into an order.
bool reorder(const EntrySteps &entry, ArrayRef<int64_t> order, Block *block) {
  if (llvm::is_sorted(order))
    return false;
  // Declarations stay, and so come before all steps.
  Block::iterator end = entry.end ? entry.end->getIterator() : block->end();
  for (int64_t number : order) {
    const Step &step = entry.steps[number];
    step.op->moveBefore(block, end);
    if (CollectiveOp collective = step.getCollective())
      collective.getWait()->moveBefore(block, end);
  }
  return true;
}

struct OrderWork : vescale::impl::OrderWorkBase<OrderWork> {
  using Base::Base;

  void runOnOperation() override {
    for (auto program : getOperation().getOps<ProgramOp>()) {
      SmallVector<EntrySteps> entries = collectEntries(program);
      SmallVector<LiveBytes> live;
      PeakBytes limit;
      for (const EntrySteps &entry : entries) {
        live.emplace_back(program, entry.steps);
        auto given = llvm::to_vector(llvm::seq<int64_t>(0, entry.steps.size()));
        limit = limit.max(live.back().peakOf(given));
      }
      for (auto [entry, bytes] : llvm::zip_equal(entries, live))
        reordered += reorder(entry, Coverer(entry.steps, bytes, limit).run(),
                             &program.getBody().front());
    }
  }
};
} // namespace
