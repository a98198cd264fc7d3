//===- WorkItemTest.cpp - Times of work, with the arithmetic ----*- C++ -*-===//

#include "vescale/Simulator/WorkItem.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace vescale;
using namespace vescale::simulator;

namespace {
class WorkItemTest : public testing::Test {
protected:
  void SetUp() override {
    machine.device.peakFlops["bf16"] = 100e12;
    machine.device.gemmEfficiency = 0.8;
    machine.device.vectorFlops = 10e12;
    machine.device.memoryBandwidth = 1e12;
    machine.devices = 2;
    machine.levels = {{"node", 2, 0, 100e9}};
  }
  WorkItem exchange(bool overlapped) const {
    // Half of 10 MB over 100 GB/s: 50 us.
    return {"gather",
            Exchange{Collective::AllGather, 10000000, {{{2, 1}}}, overlapped}};
  }

  Machine machine;
  // 2 · 4096 · 1000 · 1000 / 80e12 s: 102.4 us.
  WorkItem gemm{"gemm", Gemm{"bf16", 1, 4096, 1000, 1000}};
  WorkItem stream{"add", Stream{0, 20e6}};                           // 20 us
  WorkItem fused{"attention", FusedProducts{"bf16", 2e9, 1e6, 0.5}}; // 40 us
};
} // namespace

TEST_F(WorkItemTest, OneAfterTheOther) {
  machine.device.launchUs = 2;
  WorkTime time = timeOf({gemm, stream, fused, exchange(false)}, machine);
  EXPECT_NEAR(time.products, 142.4, 1e-9);
  EXPECT_NEAR(time.streams, 20, 1e-9);
  EXPECT_NEAR(time.launches, 6, 1e-9);
  EXPECT_NEAR(time.exposed, 50, 1e-9);
  EXPECT_NEAR(time.total(), 218.4, 1e-9);
}

TEST_F(WorkItemTest, SlowdownIsThatOfTheWhole) {
  machine.device.launchUs = 2;
  machine.overlap.compute = machine.overlap.communication = 1.25;
  llvm::SmallVector<WorkItem> items = {gemm, stream, fused, exchange(true),
                                       exchange(false)};
  double us = timeOf(items, machine).total();
  machine.slowdown = 1.5;
  EXPECT_NEAR(timeOf(items, machine).total(), 1.5 * us, 1e-9);
}

TEST_F(WorkItemTest, WhatIsHidden) {
  WorkTime time = timeOf({gemm, exchange(true)}, machine);
  EXPECT_NEAR(time.total(), 102.4, 1e-9);
  EXPECT_NEAR(time.hidden, 50, 1e-9);
  // 20 us of 50 are behind the work.
  time = timeOf({stream, exchange(true)}, machine);
  EXPECT_NEAR(time.exposed, 30, 1e-9);
  EXPECT_NEAR(time.total(), 50, 1e-9);
}

TEST_F(WorkItemTest, BesideEachOtherBothAreSlower) {
  machine.overlap.compute = 1.25;
  machine.overlap.communication = 1.5;
  // The exchange takes 75 us, in which 60 of work are done; 42.4 are left.
  WorkTime time = timeOf({gemm, exchange(true)}, machine);
  EXPECT_NEAR(time.total(), 75 + 42.4, 1e-9);
  EXPECT_NEAR(time.slowed, 15, 1e-9);
  // Work of 20 takes 25, in which 16 2/3 are exchanged; 33 1/3 are left.
  time = timeOf({stream, exchange(true)}, machine);
  EXPECT_NEAR(time.total(), 25 + 100.0 / 3, 1e-9);
}

TEST_F(WorkItemTest, WithoutASpareCoreNothingIsHidden) {
  machine.overlap.coreShare = 1;
  EXPECT_NEAR(timeOf({gemm, exchange(true)}, machine).total(), 152.4, 1e-9);
}

TEST_F(WorkItemTest, ATypeThatTheDeviceHasNoProductsOfTakesForever) {
  WorkItem other{"gemm", Gemm{"f64", 1, 1, 1, 1}};
  EXPECT_TRUE(std::isinf(timeOf({other}, machine).total()));
}
