//===- CollectiveTimeTest.cpp - Times of collectives ----------------------===//

#include "vescale/CostModel/Machine.h"
#include <gtest/gtest.h>
#include <random>

using namespace vescale;
using Axis = DeviceGroup::Axis;

namespace {

/// Two nodes of 4 devices: 100 bytes a us and 1 us inside; a link of 80 bytes
/// a us and 5 us for each node, which its devices share.
Machine makeMachine() {
  Machine machine;
  machine.devices = 8;
  machine.levels = {{"node", 4, 1, 100e6, 1}, {"cluster", 8, 5, 80e6, 4}};
  return machine;
}

double time(const Machine &machine, Collective kind, int64_t bytes,
            std::initializer_list<Axis> axes) {
  return machine.collectiveTime(kind, bytes, DeviceGroup{axes});
}

} // namespace

TEST(DeviceGroup, SizeAndSpan) {
  DeviceGroup group{{{2, 1}, {3, 4}}};
  EXPECT_EQ(group.size(), 6);
  EXPECT_EQ(group.span(), 1 + 2 * 4 + 1);
  EXPECT_EQ(DeviceGroup().size(), 1);
  EXPECT_EQ(DeviceGroup().span(), 1);
}

TEST(CollectiveTime, InsideANode) {
  Machine machine = makeMachine();
  // log₂ 4 · 1 + 3/4 · 4000 / 100
  EXPECT_DOUBLE_EQ(time(machine, Collective::AllGather, 4000, {{4, 1}}), 32);
  EXPECT_DOUBLE_EQ(time(machine, Collective::ReduceScatter, 4000, {{4, 1}}),
                   32);
  EXPECT_DOUBLE_EQ(time(machine, Collective::AllReduce, 4000, {{4, 1}}), 64);
  // log₂ 2 · 1 + 1/2 · 4000 / 100, neighbours or not
  EXPECT_DOUBLE_EQ(time(machine, Collective::AllGather, 4000, {{2, 1}}), 21);
  EXPECT_DOUBLE_EQ(time(machine, Collective::AllGather, 4000, {{2, 2}}), 21);
  // ⌈log₂ 3⌉ · 1 + 2/3 · 3000 / 100, by three of a node of 6
  machine.devices = 6;
  machine.levels = {{"node", 6, 1, 100e6, 1}};
  EXPECT_DOUBLE_EQ(time(machine, Collective::AllGather, 3000, {{3, 1}}), 22);
}

TEST(CollectiveTime, AcrossNodes) {
  Machine machine = makeMachine();
  // 4 of the group in a node: 2·1 + 1·5 of latency; the pace is the lesser of
  // 100 and 4 · 80/4: 7/8 · 8000 / 80.
  EXPECT_DOUBLE_EQ(time(machine, Collective::AllGather, 8000, {{8, 1}}),
                   7 + 87.5);
  // One of the group in a node: a quarter of the node's link.
  EXPECT_DOUBLE_EQ(time(machine, Collective::AllGather, 8000, {{2, 4}}),
                   5 + 0.5 * 8000 / 20);
  // Two: 1·1 + 1·5, pace 2 · 20.
  EXPECT_DOUBLE_EQ(time(machine, Collective::AllGather, 8000, {{4, 2}}),
                   6 + 0.75 * 8000 / 40);
  EXPECT_DOUBLE_EQ(time(machine, Collective::AllGather, 8000, {{2, 1}, {2, 4}}),
                   6 + 0.75 * 8000 / 40);
}

TEST(CollectiveTime, GroupsThatNodesCut) {
  // Groups of 3 in nodes of 4: {3, 4, 5} touches two nodes, 1.5 in each:
  // ⌈log₂ 1.5⌉·1 + ⌈log₂ 2⌉·5, pace 1.5 · 20.
  Machine machine = makeMachine();
  machine.devices = 12;
  machine.levels[1].devices = 12;
  EXPECT_DOUBLE_EQ(time(machine, Collective::AllGather, 3000, {{3, 1}}),
                   6 + 2.0 / 3 * 3000 / 30);
}

TEST(CollectiveTime, AllToAll) {
  Machine machine = makeMachine();
  // Each of 4 has 4000 bytes, and 1000 for each of 3 others.
  EXPECT_DOUBLE_EQ(time(machine, Collective::AllToAll, 16000, {{4, 1}}),
                   3 * (1 + 1000.0 / 100));
  // Each of 8 has 8000: 3 · 1000 inside, 4 · 1000 over a quarter of a link.
  EXPECT_DOUBLE_EQ(time(machine, Collective::AllToAll, 64000, {{8, 1}}),
                   3 * (1 + 1000.0 / 100) + 4 * (5 + 1000.0 / 20));
  // Tiny ones go in 3 rounds, each of half of what a member has:
  // 2·1 + 5 + 3/2 · 8 / 20 instead of 3·(1 + 0.01) + 4·(5 + 0.05).
  EXPECT_DOUBLE_EQ(time(machine, Collective::AllToAll, 64, {{8, 1}}), 7.6);
}

TEST(CollectiveTime, Send) {
  Machine machine = makeMachine();
  EXPECT_DOUBLE_EQ(time(machine, Collective::Send, 1000, {{2, 1}}), 1 + 10);
  EXPECT_DOUBLE_EQ(time(machine, Collective::Send, 1000, {{2, 4}}), 5 + 50);
  // Somewhere in a chain over both nodes a message crosses.
  EXPECT_DOUBLE_EQ(time(machine, Collective::Send, 1000, {{4, 2}}), 5 + 50);
}

TEST(CollectiveTime, NothingTakesNoTime) {
  Machine machine = makeMachine();
  EXPECT_EQ(time(machine, Collective::AllReduce, 0, {{8, 1}}), 0);
  EXPECT_EQ(time(machine, Collective::AllReduce, 1000, {{1, 1}}), 0);
  EXPECT_EQ(time(machine, Collective::AllReduce, 1000, {}), 0);
}

TEST(CollectiveTime, MeasuredCurves) {
  Machine machine = makeMachine();
  machine.collectives = {{Collective::AllReduce,
                          "node",
                          4,
                          1,
                          {{1000, 10}, {2000, 14}, {4000, 13}, {8000, 30}}}};
  auto allReduce = [&](int64_t bytes) {
    return time(machine, Collective::AllReduce, bytes, {{4, 1}});
  };
  EXPECT_DOUBLE_EQ(allReduce(1000), 10);
  EXPECT_DOUBLE_EQ(allReduce(1500), 12);
  EXPECT_DOUBLE_EQ(allReduce(4000), 14); // not less than 2000 bytes took
  EXPECT_DOUBLE_EQ(allReduce(6000), 22); // from there to 30
  // On by the last 16 us of 4000 bytes.
  EXPECT_DOUBLE_EQ(allReduce(9000), 34);
  // Back by the first 4 us of 1000 bytes.
  EXPECT_DOUBLE_EQ(allReduce(500), 8);
  // Others are computed.
  EXPECT_DOUBLE_EQ(time(machine, Collective::AllGather, 1000, {{4, 1}}),
                   2 + 7.5);
  EXPECT_DOUBLE_EQ(time(machine, Collective::AllReduce, 1000, {{2, 1}}),
                   2 * (1 + 5));
}

TEST(CollectiveTime, CurvesEnds) {
  Machine machine = makeMachine();
  // A flat end goes on with 20 us for 2000 bytes, a steep beginning in
  // proportion.
  machine.collectives = {
      {Collective::AllGather, "node", 4, 1, {{1000, 20}, {2000, 20}}},
      {Collective::AllReduce, "node", 4, 1, {{1000, 20}, {2000, 100}}}};
  EXPECT_DOUBLE_EQ(time(machine, Collective::AllGather, 3000, {{4, 1}}), 30);
  EXPECT_DOUBLE_EQ(time(machine, Collective::AllReduce, 500, {{4, 1}}), 10);
}

TEST(CollectiveTime, ACurveServesGroupsThatLieAlike) {
  Machine machine = makeMachine();
  machine.collectives = {
      {Collective::AllGather, "node", 2, 1, {{1, 10}, {1000, 10}}},
      {Collective::AllGather, "cluster", 4, 2, {{1, 20}, {1000, 20}}},
      {Collective::Send, "cluster", 2, 4, {{1, 40}, {1000, 40}}}};
  // Two of a node, whichever.
  EXPECT_EQ(time(machine, Collective::AllGather, 10, {{2, 2}}), 10);
  // Two in each node.
  EXPECT_EQ(time(machine, Collective::AllGather, 10, {{2, 1}, {2, 4}}), 20);
  // One in each node: none of these.
  EXPECT_EQ(time(machine, Collective::AllGather, 10, {{2, 4}}),
            5 + 0.5 * 10 / 20);
  // A message between nodes, in a chain of any length.
  EXPECT_EQ(time(machine, Collective::Send, 10, {{8, 1}}), 40);
}

TEST(CollectiveTime, MoreBytesNeverTakeLess) {
  Machine machine = makeMachine();
  machine.collectives = {{Collective::AllReduce,
                          "cluster",
                          8,
                          1,
                          {{1000, 10}, {2000, 9}, {4000, 15}, {8000, 15}}}};
  for (int kind = 0; kind < 5; ++kind)
    for (std::initializer_list<Axis> axes :
         {std::initializer_list<Axis>{{8, 1}}, {{4, 1}}, {{4, 2}}, {{2, 4}}})
      for (int64_t bytes = 1; bytes < 1 << 20; bytes += 1 + bytes / 7) {
        double less = time(machine, Collective(kind), bytes, axes);
        EXPECT_GT(less, 0);
        EXPECT_LE(less, time(machine, Collective(kind), bytes + 1, axes));
      }
}

TEST(CollectiveTime, LongerSpansAreNeverFaster) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    auto draw = [&](int64_t low, int64_t high) {
      return std::uniform_int_distribution<int64_t>(low, high)(random);
    };
    Machine machine;
    // Three levels of any sizes and speeds, faster outside even.
    for (const char *name : {"a", "b", "c"}) {
      machine.devices *= int64_t(2) << draw(0, 2);
      machine.levels.push_back({name, machine.devices, double(draw(1, 100)),
                                double(draw(1, 100)) * 1e6,
                                draw(0, 1) ? machine.devices : 1});
    }
    for (int64_t size = 2; size <= machine.devices; size *= 2)
      for (int kind = 0; kind < 5; ++kind) {
        int64_t bytes = draw(1, 1 << 20);
        double before = 0;
        for (int64_t stride = 1; stride * size <= machine.devices;
             stride *= 2) {
          double now = time(machine, Collective(kind), bytes, {{size, stride}});
          EXPECT_GE(now, before * (1 - 1e-12))
              << kind << " " << size << " " << stride;
          before = now;
        }
      }
  }
}

TEST(CollectiveTime, SlowdownIsThatOfCurvesAndFormulas) {
  Machine machine = makeMachine();
  DeviceGroup group{{{2, 1}}};
  for (bool isTimed : {false, true}) {
    if (isTimed)
      machine.collectives = {{Collective::AllReduce,
                              machine.levels[0].name,
                              2,
                              1,
                              {{1000, 10}, {2000, 20}}}};
    for (Collective kind : {Collective::AllReduce, Collective::AllGather,
                            Collective::AllToAll, Collective::Send}) {
      machine.slowdown = 1;
      double us = machine.collectiveTime(kind, 1500, group);
      machine.slowdown = 1.5;
      EXPECT_DOUBLE_EQ(machine.collectiveTime(kind, 1500, group), 1.5 * us);
    }
  }
}
