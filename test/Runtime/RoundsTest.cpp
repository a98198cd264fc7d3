// What vescale-profile counts as the time of a call, by the clocks of its
// threads, which other work on the machine does not move.
#include "runtime/profile/Rounds.h"

#include "runtime/core/Threads.h"

#include <gtest/gtest.h>

using namespace vescale::runtime;

namespace {

/// Of a call in which each thread counts to steps(thread). (A loop that asks
/// for the time would be a different thing: it brings its thread's clock up to
/// date.)
template <typename Function> double timeOfCall(int threads, Function steps) {
  setThreadCount(threads);
  Rounds rounds(nullptr);
  size_t subject =
      rounds.add({"counting", [&] {
                    parallelRegion(threads, [&](int thread) {
                      int64_t end = steps(thread);
                      for (volatile int64_t at = 0; at < end; at = at + 1)
                        ;
                    });
                  }});
  rounds.run(/*seconds=*/0, /*least=*/5);
  setThreadCount(1);
  return rounds.microseconds(subject);
}

constexpr int64_t many = 200000, few = 2000;

/// The clock of a process lags behind those of its other threads by up to a
/// tick of the scheduler: calls shorter than that seemed to take half as long.
TEST(Rounds, ThreadsDoNotShareOneTime) {
  double alone = timeOfCall(1, [](int) { return many; });
  EXPECT_GT(timeOfCall(2, [](int) { return many; }), 0.8 * alone);
}

TEST(Rounds, TheBusiestThreadCounts) {
  double alone = timeOfCall(1, [](int) { return many; });
  EXPECT_GT(timeOfCall(2, [](int thread) { return thread ? many : few; }),
            0.8 * alone);
}

} // namespace
