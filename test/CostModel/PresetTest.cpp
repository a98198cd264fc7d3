//===- PresetTest.cpp - Well-known clusters -------------------------------===//

#include "vescale/CostModel/Machine.h"
#include <gtest/gtest.h>

using namespace llvm;
using namespace vescale;

static Machine make(StringRef preset) {
  Expected<Machine> machine = Machine::read(preset);
  if (!machine) {
    ADD_FAILURE() << toString(machine.takeError());
    return Machine();
  }
  return *machine;
}

static std::string refuse(StringRef preset) {
  Expected<Machine> machine = Machine::read(preset);
  return machine ? "accepted" : toString(machine.takeError());
}

static std::string levelsOf(const Machine &machine) {
  std::string text;
  for (const Level &level : machine.levels)
    text += level.name + " " + std::to_string(level.devices) + " ";
  return text;
}

TEST(Preset, LevelsFollowTheSize) {
  EXPECT_EQ(levelsOf(make("dgx-h100:1")), "");
  EXPECT_EQ(levelsOf(make("dgx-h100:4")), "node 4 ");
  EXPECT_EQ(levelsOf(make("dgx-h100:8")), "node 8 ");
  EXPECT_EQ(levelsOf(make("dgx-h100:64")), "node 8 pod 64 ");
  EXPECT_EQ(levelsOf(make("dgx-h100:256")), "node 8 pod 256 ");
  EXPECT_EQ(levelsOf(make("dgx-h100:16384")), "node 8 pod 256 cluster 16384 ");
  // 12,288 are 76.8 units of 20 nodes.
  EXPECT_EQ(levelsOf(make("dgx-a100:12288")), "node 8 pod 160 cluster 12288 ");
}

TEST(Preset, OtherSizesAreRefused) {
  EXPECT_EQ(refuse("dgx-h100:12"),
            "'dgx-h100:12': 12 devices are no whole number of nodes of 8; for "
            "example dgx-h100:64");
  for (const char *preset :
       {"dgx-a100", "dgx-a100:", "dgx-a100:0", "dgx-a100:-8", "dgx-a100:many",
        "dgx-a100:8:8", "dgx-a100:99999999999999999999"})
    EXPECT_EQ(refuse(preset),
              "'" + std::string(preset) +
                  "': a preset needs its number of devices, 1 to 1048576; for "
                  "example dgx-a100:64");
}

TEST(Preset, AreGoodFilesWithSources) {
  for (const std::string &name : Machine::presets())
    for (const char *size : {":1", ":8", ":512", ":16384"}) {
      SCOPED_TRACE(name + size);
      Machine machine = make(name + size);
      Expected<Machine> again = Machine::parse(machine.print(), "c.json");
      ASSERT_TRUE(bool(again)) << toString(again.takeError());
      EXPECT_EQ(again->print(), machine.print());
      // The GPU, its products, launches, overlap, latencies, slowdown, and each
      // level.
      EXPECT_EQ(machine.sources.size(), machine.devices > 8 ? 9u : 7u);
    }
}

TEST(Preset, Times) {
  Machine machine = make("dgx-h100:64");
  machine.slowdown = 1;
  // 2 · 8192³ / (989.4e12 · 0.803) s
  EXPECT_NEAR(machine.gemmTime("bf16", 1, 8192, 8192, 8192), 1383.9, 0.1);
  // 3 · 4 us and 7/8 · 1e9 / 370.8e9 s
  EXPECT_NEAR(machine.collectiveTime(Collective::AllGather, 1000000000,
                                     DeviceGroup{{{8, 1}}}),
              12 + 2359.8, 0.1);
  // 3 · 4 and 3 · 14 us; the pace is that of 8 rails, 340e9: 63/64 · 1e9 / that
  EXPECT_NEAR(machine.collectiveTime(Collective::AllGather, 1000000000,
                                     DeviceGroup{{{64, 1}}}),
              54 + 2895.2, 0.1);
  // One rail each: 3 · 14 us and 7/8 · 1e9 / 42.5e9 s
  EXPECT_NEAR(machine.collectiveTime(Collective::AllGather, 1000000000,
                                     DeviceGroup{{{8, 8}}}),
              42 + 20588.2, 0.1);
}

TEST(Preset, SlowdownGrowsWithTheNodes) {
  for (const char *size : {":1", ":8"})
    EXPECT_DOUBLE_EQ(make(std::string("dgx-h100") + size).slowdown, 1.129);
  // 8 nodes are three doublings, 2,048 eleven.
  EXPECT_DOUBLE_EQ(make("dgx-h100:64").slowdown, 1.129 * (1 + 3 * 0.0246));
  EXPECT_DOUBLE_EQ(make("dgx-h100:16384").slowdown, 1.129 * (1 + 11 * 0.0246));
  EXPECT_TRUE(StringRef(make("dgx-h100:64").sources.back())
                  .starts_with("slowdown: 1.129 * (1 + 0.0246 * log2(nodes)), "
                               "fitted to LLaMA-3 405B"));
  EXPECT_NEAR(make("dgx-a100:12288").slowdown, 1.178 * (1 + 10.585 * 0.0246),
              1e-4);
}
