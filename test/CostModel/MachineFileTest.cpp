//===- MachineFileTest.cpp - Machine files, good and bad ------------------===//

#include "vescale/CostModel/Machine.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace llvm;
using namespace vescale;

namespace {

const char *const whole = R"({
"schema": "vescale.cluster/1",
"//": "a comment",
"name": "two boxes",
"sources": ["made up"],
"devices": 4,
"device": {
  "name": "core", "threads": 2, "memory_bytes": 1073741824,
  "peak_flops_per_s": {"f32": 1e11, "bf16": 2e11},
  "gemm_efficiency": 0.9, "attention_efficiency": 0.8,
  "gemms": {"f32": [{"m": 64, "n": 64, "k": 64, "us": 7.3},
                    {"batch": 2, "m": 64, "n": 64, "k": 64, "us": 14.1}]},
  "vector_flops_per_s": 1e10, "memory_bytes_per_s": 1.25e10,
  "cache_bytes": 1048576, "cache_bytes_per_s": 1e11, "cache_keeps_us": 4000,
  "product_bytes_per_s": 5e10, "epilogue_bytes_per_s": 5e9, "launch_us": 0.3},
"levels": [
  {"name": "box", "devices": 2, "latency_us": 0.1, "bytes_per_s": 1e10},
  {"name": "row", "devices": 4, "latency_us": 3, "bytes_per_s": 1e9,
   "shared_by": 2}],
"collectives": [{"kind": "all_to_all", "level": "row", "ranks": 2, "stride": 2,
  "points": [{"bytes": 1024, "us": 3.5}, {"bytes": 65536, "us": 40}]}],
"overlap": {"compute": 1.1, "communication": 1.2, "core_share": 1},
"slowdown": 1.25
})";

Machine parse(StringRef text) {
  Expected<Machine> machine = Machine::parse(text, "c.json");
  if (!machine) {
    ADD_FAILURE() << toString(machine.takeError());
    return Machine();
  }
  return *machine;
}

std::string refuse(StringRef text) {
  Expected<Machine> machine = Machine::parse(text, "c.json");
  return machine ? "accepted" : toString(machine.takeError());
}

/// What is said of the file above with `old` replaced.
std::string refuseWith(StringRef old, StringRef by) {
  std::string text = whole;
  size_t at = text.find(old.str());
  if (at == std::string::npos)
    return "no " + old.str();
  return refuse(text.replace(at, old.size(), by));
}

} // namespace

TEST(MachineFile, IsRead) {
  Machine machine = parse(whole);
  EXPECT_EQ(machine.name, "two boxes");
  EXPECT_EQ(machine.sources, std::vector<std::string>{"made up"});
  EXPECT_EQ(machine.devices, 4);
  EXPECT_EQ(machine.device.name, "core");
  EXPECT_EQ(machine.device.threads, 2);
  EXPECT_EQ(machine.device.memoryBytes, 1 << 30);
  EXPECT_EQ(machine.device.peakFlops["bf16"], 2e11);
  ASSERT_EQ(machine.device.gemms["f32"].size(), 2u);
  EXPECT_EQ(machine.device.gemms["f32"][0].batch, 1);
  EXPECT_EQ(machine.device.gemms["f32"][1].batch, 2);
  EXPECT_EQ(machine.device.gemms["f32"][1].us, 14.1);
  EXPECT_EQ(machine.device.attentionEfficiency, 0.8);
  EXPECT_EQ(machine.device.cacheBandwidth, 1e11);
  EXPECT_EQ(machine.device.cacheKeepsUs, 4000);
  EXPECT_EQ(machine.device.productBandwidth, 5e10);
  EXPECT_EQ(machine.device.epilogueBandwidth, 5e9);
  EXPECT_EQ(machine.device.launchUs, 0.3);
  ASSERT_EQ(machine.levels.size(), 2u);
  EXPECT_EQ(machine.levels[0].sharedBy, 1);
  EXPECT_EQ(machine.levels[1].bandwidth, 1e9);
  EXPECT_EQ(machine.levels[1].sharedBy, 2);
  ASSERT_EQ(machine.collectives.size(), 1u);
  EXPECT_EQ(machine.collectives[0].kind, Collective::AllToAll);
  EXPECT_EQ(machine.collectives[0].points[1].us, 40);
  EXPECT_EQ(machine.overlap.communication, 1.2);
  EXPECT_EQ(machine.overlap.coreShare, 1);
  EXPECT_EQ(machine.slowdown, 1.25);
}

TEST(MachineFile, MayBeShort) {
  Machine machine = parse(R"({"schema": "vescale.cluster/1", "name": "one",
    "devices": 1, "device": {"name": "d", "memory_bytes": 1,
    "peak_flops_per_s": {"f32": 1e9}, "vector_flops_per_s": 1e9,
    "memory_bytes_per_s": 1e9}})");
  EXPECT_EQ(machine.device.gemmEfficiency, 1);
  EXPECT_EQ(machine.device.threads, 0);
  EXPECT_EQ(machine.device.cacheKeepsUs, 0);
  EXPECT_EQ(machine.device.productBandwidth, 0);
  EXPECT_EQ(machine.device.epilogueBandwidth, 0);
  EXPECT_EQ(machine.overlap.coreShare, 0);
  EXPECT_EQ(machine.slowdown, 1);
  EXPECT_EQ(parse(machine.print()).print(), machine.print());
}

TEST(MachineFile, RoundTrip) {
  Machine machine = parse(whole);
  machine.device.memoryBandwidth = 1e10 / 3; // no short decimal
  machine.levels[1].latencyUs = 0.1 + 0.2;
  std::string text = machine.print();
  Machine again = parse(text);
  EXPECT_EQ(again.print(), text);
  EXPECT_EQ(again.device.memoryBandwidth, 1e10 / 3);
  EXPECT_EQ(again.levels[1].latencyUs, 0.1 + 0.2);
  EXPECT_EQ(again.device.gemms["f32"][1].batch, 2);
  EXPECT_EQ(again.collectives[0].points.size(), 2u);
  EXPECT_EQ(again.slowdown, 1.25);
}

TEST(MachineFile, ForeignFilesAreRefused) {
  EXPECT_EQ(refuse(""), "c.json: is not JSON: [1:0, byte=0]: Unexpected EOF");
  EXPECT_EQ(refuse("[]"), "c.json: is not a JSON object");
  EXPECT_EQ(refuse("{}"), "c.json: needs \"schema\": \"vescale.cluster/1\", "
                          "but has none");
  EXPECT_EQ(refuseWith("cluster/1", "cluster/2"),
            "c.json: needs \"schema\": \"vescale.cluster/1\", but has "
            "\"vescale.cluster/2\"");
  EXPECT_EQ(refuse(std::string((16 << 20) + 1, ' ')),
            "c.json: is larger than 16384 KiB");
  EXPECT_EQ(refuse(std::string(1 << 20, '[')),
            "c.json: nests more than 64 lists and objects in each other");
}

TEST(MachineFile, MissingFieldsAreNamed) {
  auto without = [](StringRef field) {
    return refuseWith(("\"" + field + "\":").str(), "\"//\":");
  };
  for (const char *field : {"devices", "name", "device"})
    EXPECT_EQ(without(field),
              formatv("c.json: \"{0}\" is missing", field).str());
  for (const char *field : {"memory_bytes", "peak_flops_per_s",
                            "vector_flops_per_s", "memory_bytes_per_s"})
    EXPECT_EQ(without(field),
              formatv("c.json: \"device.{0}\" is missing", field).str());
  EXPECT_EQ(without("cache_bytes_per_s"),
            "c.json: \"device.cache_bytes_per_s\" is missing");
  EXPECT_EQ(without("us"), "c.json: \"device.gemms.f32[0].us\" is missing");
  EXPECT_EQ(without("latency_us"),
            "c.json: \"levels[0].latency_us\" is missing");
  EXPECT_EQ(without("kind"), "c.json: \"collectives[0].kind\" is missing");
  EXPECT_EQ(without("ranks"), "c.json: \"collectives[0].ranks\" is missing");
}

TEST(MachineFile, UnknownFieldsAreNamed) {
  EXPECT_EQ(
      refuseWith("\"threads\"", "\"thread\""),
      "c.json: \"device.thread\" is unknown; fields here are "
      "attention_efficiency, cache_bytes, cache_bytes_per_s, "
      "cache_keeps_us, epilogue_bytes_per_s, "
      "gemm_efficiency, gemms, "
      "launch_us, memory_bytes, memory_bytes_per_s, name, "
      "peak_flops_per_s, product_bytes_per_s, threads, vector_flops_per_s");
  EXPECT_EQ(refuseWith("\"f32\"", "\"fp32\""),
            "c.json: \"device.peak_flops_per_s.fp32\" is no element type of "
            "products; these are bf16, f16, f32, f64, f8E4M3FN, f8E5M2");
  EXPECT_EQ(refuseWith("all_to_all", "alltoall"),
            "c.json: \"collectives[0].kind\" can be all_gather, all_reduce, "
            "all_to_all, reduce_scatter, send, not \"alltoall\"");
}

TEST(MachineFile, NumbersThatCannotBeAreRefused) {
  auto bandwidth = [](StringRef value) { return refuseWith("1.25e10", value); };
  std::string needs =
      "c.json: \"device.memory_bytes_per_s\" needs a number from 1000 to 1e+21";
  for (const char *value : {"0", "-1", "1e300", "\"fast\"", "null", "12.5"})
    EXPECT_EQ(bandwidth(value), needs) << value;
  EXPECT_EQ(bandwidth("NaN").find("c.json: is not JSON"), 0u);
  EXPECT_EQ(bandwidth("1e999").find("c.json: "), 0u);
  EXPECT_EQ(refuseWith("14.1", "0"), "c.json: \"device.gemms.f32[1].us\" needs "
                                     "a number from 1e-06 to 1e+12");
  EXPECT_EQ(refuseWith("\"devices\": 4,", "\"devices\": 0,"),
            "c.json: \"devices\" needs a whole number from 1 to 16777216");
  EXPECT_EQ(refuseWith("\"m\": 64", "\"m\": 6.4"),
            "c.json: \"device.gemms.f32[0].m\" needs a whole number from 1 to "
            "9007199254740992");
  EXPECT_EQ(
      refuseWith("\"cache_bytes_per_s\": 1e11", "\"cache_bytes_per_s\": 1e10"),
      "c.json: \"device.cache_bytes_per_s\" needs a number from "
      "1.25e+10 to 1e+21");
  EXPECT_EQ(refuseWith("\"core_share\": 1", "\"core_share\": 2"),
            "c.json: \"overlap.core_share\" needs a number from 0 to 1");
  EXPECT_EQ(refuseWith("\"slowdown\": 1.25", "\"slowdown\": 0.8"),
            "c.json: \"slowdown\" needs a number from 1 to 1000");
}

TEST(MachineFile, ProductsFasterThanThePeakAreRefused) {
  // 2 · 64³ operations in 4 us are 131e9 a second.
  EXPECT_EQ(
      refuseWith("7.3", "4"),
      "c.json: \"device.gemms.f32[0].us\" is 4.00, which would be 1.31e+11 "
      "operations a second, more than the peak of 1.00e+11");
  EXPECT_EQ(refuseWith("\"gemms\": {\"f32\"", "\"gemms\": {\"f16\""),
            "c.json: \"device.gemms.f16\" has times of products, but "
            "\"device.peak_flops_per_s\" says nothing of it");
}

TEST(MachineFile, LevelsNest) {
  EXPECT_EQ(refuseWith("\"box\", \"devices\": 2", "\"box\", \"devices\": 4"),
            "c.json: \"levels[1].devices\" is 4, no more than the 4 of the "
            "level inside it");
  EXPECT_EQ(refuseWith("\"levels\": [", R"("levels": [{"name": "core",
              "devices": 3, "latency_us": 1, "bytes_per_s": 1e9},
              {"name": "socket", "devices": 4, "latency_us": 1,
               "bytes_per_s": 1e9}, )"),
            "c.json: \"levels[2].devices\" is 2, no more than the 4 of the "
            "level inside it");
  EXPECT_EQ(refuseWith("\"row\", \"devices\": 4", "\"row\", \"devices\": 8"),
            "c.json: \"levels\" hold 8 devices at their last, but \"devices\" "
            "is 4");
  EXPECT_EQ(refuseWith("\"row\"", "\"box\""),
            "c.json: \"levels[1].name\" is \"box\" a second time");
  EXPECT_EQ(refuseWith("\"shared_by\": 2", "\"shared_by\": 5"),
            "c.json: \"levels[1].shared_by\" is 5, more than the 4 devices of "
            "the level");
}

TEST(MachineFile, OnlyTheLastLevelEndsWithAPart) {
  auto withLevels = [](int64_t middle, int64_t last) {
    std::string text = R"({"schema": "vescale.cluster/1", "name": "one",
      "devices": %last, "device": {"name": "d", "memory_bytes": 1,
      "peak_flops_per_s": {"f32": 1e9}, "vector_flops_per_s": 1e9,
      "memory_bytes_per_s": 1e9}, "levels": [)";
    text.replace(text.find("%last"), 5, std::to_string(last));
    const char *comma = "";
    for (int64_t devices : {int64_t(4), middle, last}) {
      text += formatv(R"({0}{{"name": "{1}", "devices": {1}, "latency_us": 1,
                      "bytes_per_s": 1e9})",
                      comma, devices)
                  .str();
      comma = ", ";
    }
    return text + "]}";
  };
  EXPECT_EQ(parse(withLevels(12, 28)).devices, 28);
  EXPECT_EQ(refuse(withLevels(14, 28)),
            "c.json: \"levels[2].devices\" is 28, around groups of 14 that are "
            "no whole number of the 4 inside them");
}

TEST(MachineFile, CurvesHaveAPlace) {
  EXPECT_EQ(refuseWith("\"level\": \"row\"", "\"level\": \"rack\""),
            "c.json: \"collectives[0].level\" is \"rack\", which is none of "
            "the levels");
  EXPECT_EQ(refuseWith("\"stride\": 2", "\"stride\": 1"),
            "c.json: \"collectives[0].level\" is \"row\", but 2 ranks at "
            "stride 1 lie within \"box\"");
  EXPECT_EQ(refuseWith("\"stride\": 2", "\"stride\": 4"),
            "c.json: \"collectives[0].ranks\" and \"stride\" span 5 devices, "
            "but \"row\" holds 4");
  EXPECT_EQ(refuseWith("\"bytes\": 65536", "\"bytes\": 1024"),
            "c.json: \"collectives[0].points[1].bytes\" is 1024, not above the "
            "1024 before it");
  EXPECT_EQ(refuseWith(", {\"bytes\": 65536, \"us\": 40}", ""),
            "c.json: \"collectives[0].points\" needs at least two sizes");
}

TEST(MachineFile, DamageIsRefusedOrMeansSomething) {
  StringRef text = whole;
  std::mt19937 random(1);
  auto draw = [&](size_t limit) {
    return std::uniform_int_distribution<size_t>(0, limit - 1)(random);
  };
  int accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string damaged = text.str();
    for (size_t times = 1 + draw(3); times--;) {
      size_t at = draw(damaged.size()), length = 1 + draw(12);
      if (draw(2))
        damaged[at] = "0-9e\",:{}[]x\0"[draw(13)];
      else
        damaged.replace(at, length, text.substr(draw(text.size()), draw(12)));
    }
    Expected<Machine> machine = Machine::parse(damaged, "c.json");
    if (!machine) {
      EXPECT_EQ(toString(machine.takeError()).find("c.json: "), 0u);
      continue;
    }
    ++accepted;
    // What is accepted has times.
    DeviceGroup all{{{machine->devices, 1}}};
    for (size_t kind = 0; kind < collectiveNames().size(); ++kind) {
      double us = machine->collectiveTime(Collective(kind), 1 << 20, all);
      EXPECT_TRUE(std::isfinite(us) && us >= 0) << damaged;
    }
    if (machine->computes("f32"))
      EXPECT_GT(machine->gemmTime("f32", 1, 100, 100, 100), 0) << damaged;
    EXPECT_GT(machine->streamTime(1000, 1000), 0) << damaged;
  }
  EXPECT_GT(accepted, 100);
}

TEST(MachineFile, FilesThatAreNotThere) {
  Expected<Machine> machine = Machine::read("no/such.json");
  ASSERT_FALSE(bool(machine));
  EXPECT_EQ(toString(machine.takeError()),
            "no/such.json: No such file or directory; clusters that need no "
            "file: dgx-a100:N, dgx-h100:N, dgx-h200:N");
}
