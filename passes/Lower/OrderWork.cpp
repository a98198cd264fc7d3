//===- OrderWork.cpp - Work to hide exchanges behind ------------*- C++ -*-===//
//
// Terms. An order is *played*: exchanges are planned for it as they will be,
// and a clock tells how long the entry takes (OrderPlayer.h). It is *better* if
// that is less, and the arena no larger than for the order that was given. A
// collective is *exposed* if work waits for it.
//
// In turns, as long as one gains half a percent, for each exposed collective:
//   1. Hold back. Work before it that it does not depend on goes behind it, to
//      right before its use, together with collectives that depend on that
//      work; the nearest first.
//   2. Pull ahead. Work behind its use, all that it depends on being before the
//      use, goes before it; the nearest first.
// Each step of work goes if the order is better for it, until the collective is
// not exposed or twelve in a row were of no use.
//
//===----------------------------------------------------------------------===//
#include "passes/Lower/OrderPlayer.h"
#include "passes/Lower/Passes.h"
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

class Orderer {
public:
  Orderer(ProgramOp program, const EntrySteps &entry, int64_t bucketBytes)
      : steps(entry.steps), player(entry.steps, bucketBytes),
        memory(program, entry), order(entry.steps), best(player.play(order)),
        limit(memory.layOut(player.findTouched(order))) {}

  /// The numbers of the steps in their new order.
  SmallVector<int64_t> run() {
    constexpr double gain = 5e-3;
    double before;
    do {
      before = best.time;
      for (int64_t number = 0; number < order.size(); ++number)
        if (isExposed(number)) {
          holdBack(number);
          pullAhead(number);
        }
    } while (best.time < before * (1 - gain));
    return llvm::to_vector(order.get());
  }

private:
  bool isWork(int64_t step) const { return !steps[step].getCollective(); }

  bool isExposed(int64_t collective) const {
    return best.idle[collective] > player.workTime() / 1e4;
  }

  /// Not for crumbs.
  bool isWorth(int64_t step, int64_t collective) const {
    return isWork(step) && steps[step].time > best.idle[collective] / 50;
  }

  /// Whether there is anything to gain for a collective.
  bool goesOn(int64_t collective) const {
    constexpr int64_t patience = 12;
    return isExposed(collective) && failures < patience;
  }

  /// Takes an order if it is better.
  bool take(ArrayRef<int64_t> changed) {
    constexpr double gain = 1e-5;
    SmallVector<int64_t> given(order.get());
    order.set(changed);
    Outcome outcome = player.play(order);
    if (outcome.time < best.time * (1 - gain) &&
        memory.layOut(player.findTouched(order)).fitsIn(limit)) {
      best = std::move(outcome);
      failures = 0;
      return true;
    }
    order.set(given);
    ++failures;
    return false;
  }

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

  void holdBack(int64_t collective) {
    WorkOrder given = order;
    BitVector needed = findNeeded(collective), moved(steps.size());
    failures = 0;
    for (int64_t place = given.readyPlace(collective);
         place-- > 0 && goesOn(collective);) {
      int64_t step = given.get()[place];
      BitVector more = moved;
      if (isWorth(step, collective) && !needed.test(step) &&
          addUsers(given, collective, step, more) &&
          take(withBehind(given, collective, more)))
        moved = more;
    }
  }

  /// Adds a step and what depends on it before the use: collectives, and work
  /// that is behind the collective anyway. False if other work does.
  bool addUsers(const WorkOrder &given, int64_t collective, int64_t step,
                BitVector &moved) const {
    moved.set(step);
    return llvm::all_of(steps[step].behind, [&](int64_t user) {
      int64_t place = given.placeOf(user);
      if (place >= given.usePlace(collective) || moved.test(user))
        return true;
      return (!isWork(user) || place >= given.readyPlace(collective)) &&
             addUsers(given, collective, user, moved);
    });
  }

  /// The order with a collective where it is ready, and the moved before its
  /// use.
  SmallVector<int64_t> withBehind(const WorkOrder &given, int64_t collective,
                                  const BitVector &moved) const {
    int64_t ready = given.readyPlace(collective),
            use = given.usePlace(collective);
    SmallVector<int64_t> changed, held;
    for (int64_t place = 0; place <= given.size(); ++place) {
      if (place == ready)
        changed.push_back(collective);
      if (place == use)
        llvm::append_range(changed, held);
      if (place == given.size())
        break;
      int64_t step = given.get()[place];
      if (step != collective)
        (moved.test(step) ? held : changed).push_back(step);
    }
    return changed;
  }

  void pullAhead(int64_t collective) {
    failures = 0;
    for (int64_t place = order.usePlace(collective) + 1;
         place < order.size() && goesOn(collective); ++place) {
      int64_t use = order.usePlace(collective), step = order.get()[place];
      auto isBefore = [&](int64_t other) { return order.placeOf(other) < use; };
      if (!isWorth(step, collective) ||
          !llvm::all_of(steps[step].before, isBefore))
        continue;
      SmallVector<int64_t> changed(order.get());
      changed.erase(changed.begin() + place);
      changed.insert(changed.begin() + use, step);
      take(changed);
    }
  }

  ArrayRef<Step> steps;
  OrderPlayer player;
  EntryMemory memory;
  WorkOrder order;
  Outcome best;
  SpaceBytes limit;     // the given order's
  int64_t failures = 0; // moves in a row that were no better
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
      SmallVector<SmallVector<int64_t>> orders;
      for (const EntrySteps &entry : entries)
        orders.push_back(Orderer(program, entry, bucketBytes).run());
      for (auto [entry, order] : llvm::zip_equal(entries, orders))
        reordered += reorder(entry, order, &program.getBody().front());
    }
  }
};
} // namespace
