//===- ExchangePlan.cpp - When exchanges start and end ----------*- C++ -*-===//
//
// At each boundary:
//   1. what can start does, in the order of the buckets;
//   2. what the next step of work touches is waited for;
//   3. what that has made possible starts.
// A bucket can start when it is ready and what it depends on is over. If two
// others have been started behind that, it is waited for: the link has work.
// Gathers of parameters are ready all the time, so they start only so many
// ahead of work: a new one at the first use of an older one. If as many others
// are under way as may be, the oldest is waited for first, which frees what it
// reads.
// The link serves what starts first. So a bucket in place, which holds no more
// memory for it, yields to one that is used earlier, would be late behind it,
// and is ready before half of its transfer would be over. A clock that goes
// along tells.
//
//===----------------------------------------------------------------------===//
#include "passes/Lower/ExchangePlan.h"
#include <set>

using namespace vescale;
using llvm::ArrayRef, llvm::SmallVector;

namespace {

class Planner {
public:
  Planner(ArrayRef<double> work, ArrayRef<Bucket> buckets,
          ExchangeLimits limits)
      : numWork(work.size()), buckets(buckets), limits(limits),
        workBefore(1, 0.0), usedAt(work.size() + 1),
        started(buckets.size(), false), ended(buckets.size(), false),
        startNumber(buckets.size(), 0), over(buckets.size(), 0.0) {
    for (double time : work)
      workBefore.push_back(workBefore.back() + time);
    for (auto [number, bucket] : llvm::enumerate(buckets)) {
      usedAt[bucket.use].push_back(number);
      (bucket.isPrefetch ? prefetches : byReady).push_back(number);
    }
    llvm::sort(byReady, [&](int64_t a, int64_t b) {
      return std::pair(buckets[a].ready, a) < std::pair(buckets[b].ready, b);
    });
  }

  SmallVector<ExchangeEvent> plan() {
    for (boundary = 0; boundary <= numWork; ++boundary) {
      while (numReady < byReady.size() &&
             buckets[byReady[numReady]].ready <= boundary)
        waiting.insert(byReady[numReady++]);
      startAll();
      for (int64_t number : usedAt[boundary])
        end(number);
      startAll();
      if (boundary < numWork)
        now += workUntil(boundary + 1);
    }
    return std::move(events);
  }

private:
  /// Work from here to a boundary.
  double workUntil(int64_t later) const {
    return workBefore[later] - workBefore[boundary];
  }

  bool canStart(int64_t number) const {
    return llvm::all_of(buckets[number].dependences,
                        [&](int64_t other) { return isPassed(other); });
  }

  /// Whether an exchange is over, or the link so busy with those behind it that
  /// there is something to do while this one is waited for.
  bool isPassed(int64_t number) const {
    constexpr int64_t behind = 2;
    return ended[number] ||
           (started[number] && numStarted - startNumber[number] >= behind);
  }

  /// Whether a bucket should let another one go first.
  bool shouldYield(int64_t number) const {
    const Bucket &bucket = buckets[number];
    if (!bucket.isInPlace)
      return false;
    double begin = std::max(now, linkFree);
    auto isLateBehind = [&](int64_t other) {
      const Bucket &next = buckets[other];
      return !started[other] && next.use < bucket.use &&
             now + workUntil(next.use) < begin + bucket.time + next.time;
    };
    for (int64_t other : waiting)
      if (isLateBehind(other) && canStart(other))
        return true;
    for (int64_t other : ArrayRef(byReady).drop_front(numReady)) {
      if (now + workUntil(buckets[other].ready) > begin + bucket.time / 2)
        return false;
      if (isLateBehind(other))
        return true;
    }
    return false;
  }

  /// Starts one that can, if there is one.
  bool startNext() {
    if (numPrefetched < prefetches.size() &&
        numPrefetched - numPrefetchesEnded < limits.ahead) {
      start(prefetches[numPrefetched]);
      return true;
    }
    for (int64_t number : waiting)
      if (canStart(number) && !shouldYield(number)) {
        start(number);
        return true;
      }
    return false;
  }

  void startAll() {
    while (startNext()) {
    }
  }

  void start(int64_t number) {
    if (started[number])
      return;
    for (int64_t other : buckets[number].dependences)
      end(other);
    // Gathers of parameters have a limit of their own.
    if (buckets[number].isPrefetch) {
      ++numPrefetched;
    } else {
      while (inFlight.size() >= limits.inFlight)
        end(inFlight.front());
      inFlight.insert(number);
      startNumber[number] = ++numStarted;
      waiting.erase(number);
    }
    started[number] = true;
    over[number] = linkFree = std::max(now, linkFree) + buckets[number].time;
    events.push_back({boundary, number, ExchangeEvent::Start});
  }

  void end(int64_t number) {
    if (ended[number])
      return;
    start(number);
    ended[number] = true;
    now = std::max(now, over[number]);
    inFlight.remove(number);
    numPrefetchesEnded += buckets[number].isPrefetch;
    events.push_back({boundary, number, ExchangeEvent::End});
  }

  int64_t numWork;
  ArrayRef<Bucket> buckets;
  ExchangeLimits limits;
  SmallVector<double> workBefore;           // by boundary
  SmallVector<SmallVector<int64_t>> usedAt; // by boundary
  SmallVector<int64_t> prefetches, byReady;
  SmallVector<ExchangeEvent> events;
  int64_t boundary = 0;
  double now = 0, linkFree = 0;
  size_t numReady = 0;       // of byReady
  std::set<int64_t> waiting; // ready ones that have not started
  size_t numPrefetched = 0, numPrefetchesEnded = 0;
  SmallVector<bool> started, ended;
  llvm::SmallSetVector<int64_t, 8> inFlight; // oldest first
  SmallVector<int64_t> startNumber; // among others than gathers of parameters
  int64_t numStarted = 0;
  SmallVector<double> over; // when a transfer is
};

} // namespace

SmallVector<ExchangeEvent> vescale::planExchanges(ArrayRef<double> work,
                                                  ArrayRef<Bucket> buckets,
                                                  ExchangeLimits limits) {
  return Planner(work, buckets, limits).plan();
}

Timeline vescale::playExchanges(ArrayRef<ExchangeEvent> events,
                                ArrayRef<double> work, ArrayRef<Bucket> buckets,
                                double slowness) {
  Timeline line;
  line.idle.assign(buckets.size(), 0.0);
  SmallVector<double> over(buckets.size(), 0.0);
  double linkFree = 0;
  int64_t done = 0;
  auto workTo = [&](int64_t boundary) {
    for (; done < boundary; ++done)
      line.time += work[done];
  };
  for (const ExchangeEvent &event : events) {
    workTo(event.boundary);
    if (event.kind == ExchangeEvent::Start) {
      linkFree =
          std::max(linkFree, line.time) + buckets[event.bucket].time * slowness;
      over[event.bucket] = linkFree;
    } else if (over[event.bucket] > line.time) {
      line.idle[event.bucket] = over[event.bucket] - line.time;
      line.time = over[event.bucket];
    }
  }
  workTo(work.size());
  return line;
}
