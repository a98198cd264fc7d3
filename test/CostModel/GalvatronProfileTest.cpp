//===- GalvatronProfileTest.cpp - Galvatron's profiles as machines --------===//
//
// Inputs/galvatron are the hardware profiles that Hetu-Galvatron ships (commit
// cea12ffb): clusters of one node of 4 and of 8 GPUs, and of two nodes of 8.
//
//===----------------------------------------------------------------------===//

#include "vescale/CostModel/GalvatronProfile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <gtest/gtest.h>

using namespace llvm;
using namespace vescale;

static const char *const profiles = VESCALE_TEST_INPUTS "/galvatron";

static Machine base() { return cantFail(Machine::read("dgx-a100:16")); }

static Machine import(int64_t devices) {
  Expected<Machine> machine = importGalvatron(profiles, devices, base());
  if (!machine) {
    ADD_FAILURE() << toString(machine.takeError());
    return Machine();
  }
  return *machine;
}

static double time(const Machine &machine, Collective kind, int64_t bytes,
                   int64_t ranks, int64_t stride) {
  return machine.collectiveTime(kind, bytes, DeviceGroup{{{ranks, stride}}});
}

TEST(GalvatronProfile, TwoNodes) {
  Machine machine = import(16);
  ASSERT_EQ(machine.levels.size(), 2u);
  EXPECT_EQ(machine.levels[0].devices, 8);
  EXPECT_EQ(machine.levels[1].devices, 16);
  // allreduce_size_8_consec_1, and allreduce_size_16_consec_1 by 8 devices.
  EXPECT_DOUBLE_EQ(machine.levels[0].bandwidth, 155.658e9);
  EXPECT_DOUBLE_EQ(machine.levels[1].bandwidth, 44.682e9 / 8);
  EXPECT_EQ(machine.levels[1].latencyUs, base().levels[1].latencyUs);
  EXPECT_EQ(machine.device.name, base().device.name);
  // Bus bandwidths 44.682, 20.7724 and 8.13007 GB/s: 2·(n-1)/n·bytes / that.
  int64_t bytes = 64 << 20;
  EXPECT_DOUBLE_EQ(time(machine, Collective::AllReduce, bytes, 16, 1),
                   2 * 15.0 / 16 * bytes / 44682);
  EXPECT_DOUBLE_EQ(time(machine, Collective::AllReduce, bytes, 8, 2),
                   2 * 7.0 / 8 * bytes / 20772.4);
  EXPECT_DOUBLE_EQ(time(machine, Collective::AllReduce, bytes, 2, 8),
                   2 * 1.0 / 2 * bytes / 8130.07);
  // Half of that.
  EXPECT_DOUBLE_EQ(time(machine, Collective::AllGather, bytes, 16, 1),
                   15.0 / 16 * bytes / 44682);
  EXPECT_DOUBLE_EQ(time(machine, Collective::ReduceScatter, bytes, 16, 1),
                   15.0 / 16 * bytes / 44682);
  // pp_size_2 and pp_size_4
  EXPECT_DOUBLE_EQ(time(machine, Collective::Send, bytes, 2, 8),
                   bytes / 7659.98);
  EXPECT_DOUBLE_EQ(time(machine, Collective::Send, bytes, 4, 4),
                   bytes / 8021.32);
  EXPECT_DOUBLE_EQ(machine.overlap.compute, 1.125552573612729);
  EXPECT_DOUBLE_EQ(machine.overlap.communication, 1.125552573612729);
}

TEST(GalvatronProfile, OneNodeHasTimesBySize) {
  Machine machine = import(8);
  ASSERT_EQ(machine.levels.size(), 1u);
  // allreduce_size_8_16MB_time and _32MB_time, in ms
  EXPECT_DOUBLE_EQ(time(machine, Collective::AllReduce, 16 << 20, 8, 1), 294.1);
  EXPECT_DOUBLE_EQ(time(machine, Collective::AllReduce, 24 << 20, 8, 1),
                   (294.1 + 415.7) / 2);
  EXPECT_DOUBLE_EQ(time(machine, Collective::AllGather, 16 << 20, 8, 1),
                   294.1 / 2);
  // all2all_size_8_1MB_time: 1 MiB on each of 8.
  EXPECT_DOUBLE_EQ(time(machine, Collective::AllToAll, 8 << 20, 8, 1), 112.4);
  // allreduce_size_4_consec_0
  EXPECT_DOUBLE_EQ(time(machine, Collective::AllReduce, 64 << 20, 4, 2),
                   2 * 3.0 / 4 * (64 << 20) / 155815);
}

TEST(GalvatronProfile, GivesGoodFiles) {
  for (int64_t devices : {4, 8, 16}) {
    std::string text = import(devices).print();
    Expected<Machine> again = Machine::parse(text, "c.json");
    ASSERT_TRUE(bool(again)) << toString(again.takeError());
    EXPECT_EQ(again->print(), text);
  }
}

static std::string refuse(StringRef directory, int64_t devices,
                          const Machine &from) {
  Expected<Machine> machine = importGalvatron(directory, devices, from);
  return machine ? "accepted" : toString(machine.takeError());
}

TEST(GalvatronProfile, TheClusterIsNamed) {
  std::string has =
      "; it has (nodes x GPUs) 1x4, 1x8, 2x8, of which the number "
      "of GPUs picks one";
  EXPECT_EQ(refuse(profiles, 0, base()),
            std::string(profiles) + ": profiles of several clusters" + has);
  EXPECT_EQ(refuse(profiles, 32, base()),
            std::string(profiles) + ": profiles of 32 GPUs: 0" + has);
  EXPECT_EQ(refuse(profiles, 16, cantFail(Machine::read("dgx-a100:8"))),
            "'dgx-a100:8' has 1 levels to take latencies from, but the profile "
            "in " +
                std::string(profiles) + " has 2");
  EXPECT_EQ(refuse("/nowhere", 0, base()),
            "/nowhere: No such file or directory");
}

TEST(GalvatronProfile, DamagedFilesAreRefused) {
  SmallString<128> directory;
  ASSERT_FALSE(sys::fs::createUniqueDirectory("galvatron", directory));
  SmallString<128> path(directory);
  sys::path::append(path, "allreduce_bandwidth_1nodes_4gpus_per_node.json");
  auto refuseText = [&](StringRef text) {
    std::error_code error;
    raw_fd_ostream(path, error) << text;
    std::string what = refuse(directory, 0, base());
    StringRef rest = what;
    return rest.consume_front(std::string(path) + ": ") ? rest.str() : what;
  };
  EXPECT_EQ(refuseText("[1]"), "is not a JSON object");
  EXPECT_EQ(refuseText(R"({"allreduce_size_4_consec_1": 0})"),
            "\"allreduce_size_4_consec_1\" needs a number from 1e-09 to 1e+09");
  EXPECT_EQ(refuseText(R"({"allreduce_size_4_consec_1": "fast"})"),
            "\"allreduce_size_4_consec_1\" needs a number from 1e-09 to 1e+09");
  EXPECT_EQ(
      refuseText(R"({"allreduce_size_3_consec_1": 1})"),
      "\"allreduce_size_3_consec_1\" is of 3 GPUs, which don't divide the "
      "cluster's 4");
  EXPECT_EQ(refuseText(R"({"allreduce_size_4_consec_2": 1})"),
            "\"allreduce_size_4_consec_2\" is no allreduce_size_S_consec_C");
  EXPECT_EQ(refuseText(R"({"allreduce_size_2_consec_1": 1})"),
            (directory + ": no bus bandwidth of all GPUs of a node in "
                         "allreduce_bandwidth_1nodes_4gpus_per_node.json")
                .str());
  EXPECT_EQ(refuseText(R"({"allreduce_size_4_consec_1": 1})"), "accepted");
  sys::fs::remove_directories(directory);
}
