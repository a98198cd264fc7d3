// The simulated link, in virtual time: a clock that only sleeping and working
// move on. A wait that spins would never end.
#include "runtime/transport/Delay.h"
#include "runtime/transport/Inproc.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

using namespace vescale::runtime;

namespace {

constexpr int64_t ms = 1'000'000, mib = 1 << 20;

class VirtualClock : public LinkClock {
public:
  int64_t now() override { return timeNs; }
  void sleepUntil(int64_t until) override { timeNs = std::max(timeNs, until); }
  void work(int64_t ns) { timeNs += ns; }

private:
  int64_t timeNs = 0;
};

TEST(Delay, ServesOneTransferAfterTheOther) {
  Link link({/*latencyUs=*/500, /*mibPerSecond=*/1000});
  EXPECT_EQ(link.transfer(0, mib), 1.5 * ms);
  EXPECT_EQ(link.transfer(0, 2 * mib), 4 * ms);
  EXPECT_EQ(link.transfer(10 * ms, mib), 11.5 * ms);
}

TEST(Delay, CountsWhatAnOptimalAlgorithmSends) {
  vs_collective op = {.kind = VS_ALL_REDUCE, .dtype = VS_F32, .count = 1000};
  EXPECT_EQ(sentBytes(op, 4), 2 * 4000 * 3 / 4);
  op = {.kind = VS_ALL_GATHER,
        .dtype = VS_F32,
        .outer = 1,
        .chunk = 250,
        .out_row = 1000};
  EXPECT_EQ(sentBytes(op, 4), 4000 * 3 / 4);
  op = {.kind = VS_REDUCE_SCATTER,
        .dtype = VS_BF16,
        .outer = 1,
        .chunk = 500,
        .in_row = 1000};
  EXPECT_EQ(sentBytes(op, 2), 2000 / 2);
}

/// Runs `body` on two ranks that share a link of 1000 MiB/s without latency.
template <typename Body> void onTwoRanks(Body body) {
  InprocWorld world(2);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < 2; ++rank)
    threads.emplace_back([&, rank] {
      VirtualClock clock;
      auto transport = delay(world.connect(rank), {0, 1000}, clock, [] {});
      TransportSetup setup;
      setup.groups = {vs_group{1, 0, {2}, {1}}};
      setup.commBytes = 4 * mib;
      setup.yield = true;
      transport->setup(setup);
      body(*transport, clock);
      transport->barrier();
    });
  for (std::thread &thread : threads)
    thread.join();
}

/// An all-reduce of 1 MiB, which takes 1 ms, in place at the n-th MiB.
class Sum {
public:
  Sum(Transport &transport, int64_t n)
      : at(reinterpret_cast<float *>(transport.comm() + n * mib)) {
    std::fill(at, at + op.count, static_cast<float>(transport.rank() + 1));
    parts = {{&op, reinterpret_cast<char *>(at), reinterpret_cast<char *>(at)}};
  }
  std::vector<Part> parts;
  bool isRight() const {
    return std::all_of(at, at + op.count, [](float x) { return x == 3; });
  }

private:
  vs_collective op = {.kind = VS_ALL_REDUCE, .dtype = VS_F32, .count = mib / 4};
  float *at;
};

TEST(Delay, WorkHidesWhatIsUnderWay) {
  onTwoRanks([](Transport &transport, VirtualClock &clock) {
    Sum first(transport, 0), second(transport, 1);
    Ticket one = transport.start(first.parts);
    Ticket two = transport.start(second.parts);
    clock.work(ms * 3 / 2);
    EXPECT_FALSE(transport.isDone(two)); // whatever the memory says
    transport.wait(one);
    EXPECT_EQ(clock.now(), ms * 3 / 2); // hidden
    EXPECT_TRUE(first.isRight());
    transport.wait(two);
    EXPECT_EQ(clock.now(), 2 * ms); // half of it hidden
    EXPECT_TRUE(second.isRight());
    EXPECT_TRUE(transport.isDone(two));
  });
}

TEST(Delay, AWaitAtOnceTakesTheTransfersTime) {
  onTwoRanks([](Transport &transport, VirtualClock &clock) {
    Sum sum(transport, 2);
    clock.work(5 * ms);
    transport.wait(transport.start(sum.parts));
    EXPECT_EQ(clock.now(), 6 * ms);
    EXPECT_TRUE(sum.isRight());
  });
}

} // namespace
