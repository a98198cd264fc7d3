//===- ComputeTimeTest.cpp - Times of products and streams ----------------===//

#include "vescale/CostModel/Machine.h"
#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace vescale;

namespace {

/// 100 GFLOP/s and 10 GB/s.
Machine makeMachine() {
  Machine machine;
  machine.device.peakFlops = {{"f32", 100e9}, {"bf16", 200e9}};
  machine.device.vectorFlops = 20e9;
  machine.device.memoryBandwidth = 10e9;
  return machine;
}

} // namespace

TEST(GemmTime, PeakTimesEfficiency) {
  Machine machine = makeMachine();
  machine.device.gemmEfficiency = 0.5;
  // 2·1000³ / (0.5 · 100e9) s; moving 3·1000²·4 bytes takes 1,200 us.
  EXPECT_DOUBLE_EQ(machine.gemmTime("f32", 1, 1000, 1000, 1000), 40000);
  EXPECT_DOUBLE_EQ(machine.gemmTime("f32", 3, 1000, 1000, 1000), 120000);
}

TEST(GemmTime, SkinnyProductsReadTheirOperands) {
  // (1·1000 + 1000·1000 + 1·1000) · 4 bytes / 10e9 s; 2e6 / 100e9 is 20 us.
  EXPECT_DOUBLE_EQ(makeMachine().gemmTime("f32", 1, 1, 1000, 1000), 400.8);
  // 2 bytes an element.
  EXPECT_DOUBLE_EQ(makeMachine().gemmTime("bf16", 1, 1, 1000, 1000), 200.4);
}

TEST(GemmTime, UnknownElementTypesTakeForever) {
  EXPECT_TRUE(makeMachine().computes("bf16"));
  EXPECT_FALSE(makeMachine().computes("f64"));
  EXPECT_TRUE(std::isinf(makeMachine().gemmTime("f64", 1, 8, 8, 8)));
}

TEST(GemmTime, NothingTakesNoTime) {
  EXPECT_EQ(makeMachine().gemmTime("f32", 1, 0, 8, 8), 0);
}

TEST(GemmTime, MeetsSamplesAndLiesBetween) {
  Machine machine = makeMachine();
  machine.device.gemms["f32"] = {
      {1, 64, 64, 64, 10}, {1, 256, 64, 64, 36}, {1, 1024, 64, 64, 140}};
  EXPECT_DOUBLE_EQ(machine.gemmTime("f32", 1, 64, 64, 64), 10);
  EXPECT_DOUBLE_EQ(machine.gemmTime("f32", 1, 256, 64, 64), 36);
  EXPECT_DOUBLE_EQ(machine.gemmTime("f32", 1, 1024, 64, 64), 140);
  // 2·10 at the one's rate, 36/2 at the other's, as far from both.
  EXPECT_DOUBLE_EQ(machine.gemmTime("f32", 1, 128, 64, 64),
                   std::sqrt(20.0 * 18.0));
  // Twice the largest takes twice as long, a fourth of the smallest as long.
  EXPECT_DOUBLE_EQ(machine.gemmTime("f32", 1, 2048, 64, 64), 280);
  EXPECT_DOUBLE_EQ(machine.gemmTime("f32", 1, 2048, 128, 64), 560);
  EXPECT_DOUBLE_EQ(machine.gemmTime("f32", 4, 2048, 64, 64), 1120);
  EXPECT_DOUBLE_EQ(machine.gemmTime("f32", 1, 16, 64, 64), 10);
}

TEST(GemmTime, SmallRowsCostLittleMore) {
  // Reading the right operand is most of it: 4 rows 100 us, 16 rows 130.
  Machine machine = makeMachine();
  machine.device.gemms["f32"] = {{1, 4, 512, 512, 100}, {1, 16, 512, 512, 130}};
  // At most twice the rate of 4 rows, 2·operations / 100, and at least half
  // that of 16, 4·operations / 130 / 2, for 2·operations.
  EXPECT_DOUBLE_EQ(machine.gemmTime("f32", 1, 8, 512, 512),
                   std::sqrt(130.0 * 100.0));
}

TEST(GemmTime, BetweenLongAndWideSamples) {
  // Eight times as many operations, at the mean of both rates.
  Machine machine = makeMachine();
  machine.device.gemms["f32"] = {{1, 64, 512, 64, 80}, {1, 512, 64, 64, 100}};
  EXPECT_DOUBLE_EQ(machine.gemmTime("f32", 1, 512, 512, 64),
                   8 * std::sqrt(80.0 * 100.0));
}

TEST(GemmTime, RatesMayFallWithSize) {
  // 20 % less in memory than in the cache: all samples are met.
  Machine machine = makeMachine();
  machine.device.gemms["f32"] = {{1, 64, 64, 64, 10}, {1, 512, 64, 64, 100}};
  EXPECT_DOUBLE_EQ(machine.gemmTime("f32", 1, 64, 64, 64), 10);
  EXPECT_DOUBLE_EQ(machine.gemmTime("f32", 1, 512, 64, 64), 100);
}

TEST(GemmTime, ContradictionsAreHalved) {
  // The larger product took less: both are read as the mean.
  Machine machine = makeMachine();
  machine.device.gemms["f32"] = {{1, 64, 64, 64, 20}, {1, 128, 64, 64, 16}};
  EXPECT_DOUBLE_EQ(machine.gemmTime("f32", 1, 64, 64, 64),
                   std::sqrt(16.0 * 20.0));
  EXPECT_DOUBLE_EQ(machine.gemmTime("f32", 1, 128, 64, 64),
                   std::sqrt(16.0 * 20.0));
}

TEST(GemmTime, LargerProductsNeverTakeLessAndNothingJumps) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    auto draw = [&](double limit) {
      return int64_t(
          std::exp2(std::uniform_real_distribution<>(0, limit)(random)));
    };
    Machine machine = makeMachine();
    for (int i = 0; i < 40; ++i) {
      GemmSample sample{draw(4), draw(11), draw(11), draw(11), 0};
      // Noise that contradicts both assumptions.
      double flops = 2.0 * sample.batch * sample.m * sample.n * sample.k + 1000;
      sample.us = flops / 1e5 * std::uniform_real_distribution<>(1, 3)(random);
      machine.device.gemms["f32"].push_back(sample);
    }
    for (int i = 0; i < 400; ++i) {
      int64_t sizes[4] = {draw(6), draw(14), draw(14), draw(14)};
      auto time = [&] {
        return machine.gemmTime("f32", sizes[0], sizes[1], sizes[2], sizes[3]);
      };
      double before = time();
      int64_t &size = sizes[draw(2) % 4];
      double grown = double(size + 1) / size;
      ++size;
      EXPECT_GE(time(), before * (1 - 1e-12));
      EXPECT_LE(time(), before * grown * grown * (1 + 1e-12));
    }
  }
}

TEST(StreamTime, TheSlowerOfComputingAndMoving) {
  Machine machine = makeMachine();
  // 1e6 operations at 20e9 a second are 50 us, 1e6 bytes at 10e9 are 100.
  EXPECT_DOUBLE_EQ(machine.streamTime(1e6, 1e6), 100);
  EXPECT_DOUBLE_EQ(machine.streamTime(4e6, 1e6), 200);
  EXPECT_EQ(machine.streamTime(0, 0), 0);
}

TEST(StreamTime, WhatFitsIntoTheCacheIsFaster) {
  Machine machine = makeMachine();
  machine.device.cacheBytes = 1000000;
  machine.device.cacheBandwidth = 50e9;
  EXPECT_DOUBLE_EQ(machine.streamTime(0, 500000), 10);   // at 50e9
  EXPECT_DOUBLE_EQ(machine.streamTime(0, 1000000), 20);  // at 50e9
  EXPECT_DOUBLE_EQ(machine.streamTime(0, 1500000), 110); // (20 + 200) / 2
  EXPECT_DOUBLE_EQ(machine.streamTime(0, 2000000), 200); // at 10e9
  EXPECT_DOUBLE_EQ(machine.streamTime(0, 4000000), 400); // at 10e9
  for (double bytes = 1000; bytes < 1e7; bytes *= 1.01)
    EXPECT_LT(machine.streamTime(0, bytes),
              machine.streamTime(0, bytes * 1.01));
}

TEST(Slowdown, IsThatOfAllThatTakesTime) {
  Machine machine = makeMachine(), slow = makeMachine();
  slow.slowdown = 1.5;
  for (bool isTimed : {false, true}) {
    for (Machine *each : {&machine, &slow})
      if (isTimed)
        each->device.gemms["f32"] = {{1, 64, 64, 64, 10}};
    EXPECT_DOUBLE_EQ(slow.gemmTime("f32", 1, 64, 64, 64),
                     1.5 * machine.gemmTime("f32", 1, 64, 64, 64));
  }
  EXPECT_DOUBLE_EQ(slow.streamTime(1e6, 1e3),
                   1.5 * machine.streamTime(1e6, 1e3));
  EXPECT_DOUBLE_EQ(slow.streamTime(1, 1e6), 1.5 * machine.streamTime(1, 1e6));
}
