//===- PlanReportTest.cpp - Parts of plan reports from our types ----------===//

#include "vescale/Report/PlanReport.h"
#include "vescale/Report/PlanReportParts.h"
#include "vescale/Simulator/Pipeline.h"
#include "llvm/Support/raw_ostream.h"
#include <gtest/gtest.h>

using namespace llvm;
using namespace vescale;

/// A report of one plan with this timeline on this cluster.
static json::Object reportOf(json::Object cluster, json::Object timeline) {
  json::Object memory{{"name", "each"},        {"limit_bytes", 1 << 20},
                      {"parameters_bytes", 1}, {"gradients_bytes", 1},
                      {"optimizer_bytes", 1},  {"activations_bytes", 1},
                      {"transient_bytes", 1}};
  json::Object step{{"total_us", 2},
                    {"compute_us", 1},
                    {"exposed_us", 0.5},
                    {"bubble_us", 0.5}};
  json::Object plan{
      {"title", "pp=2"},
      {"mesh", json::Array{json::Object{{"axis", "pp"}, {"size", 2}}}},
      {"step", std::move(step)},
      {"memory", json::Array{std::move(memory)}},
      {"timeline", std::move(timeline)}};
  return json::Object{{"schema", kPlanReportSchema},
                      {"model", json::Object{{"name", "m"}}},
                      {"cluster", std::move(cluster)},
                      {"plans", json::Array{std::move(plan)}}};
}

static simulator::Timeline pipelineOfTwo() {
  simulator::Pipeline pipeline;
  pipeline.microBatches = 3;
  simulator::Stage stage;
  simulator::Chunk chunk;
  chunk.forwardUs = 10;
  chunk.backwardUs = 20;
  chunk.activations = 100;
  stage.chunks = {chunk};
  stage.held = 1000;
  pipeline.stages = {stage, stage};
  pipeline.stages[0].chunks[0].sendForwardUs = 1;
  pipeline.stages[0].chunks[0].sentForward = 64;
  return cantFail(simulator::simulate(pipeline));
}

TEST(PlanReport, PresetsAreClusters) {
  for (StringRef preset : {"dgx-a100:8", "dgx-h100:64", "dgx-h200:16384"}) {
    Machine machine = cantFail(Machine::read(preset));
    json::Object report =
        reportOf(clusterReport(machine),
                 timelineReport(pipelineOfTwo(), {{"a", 0, 1}, {"b", 1, 1}}));
    Error error = checkPlanReport(report);
    EXPECT_FALSE(bool(error)) << preset.str() << toString(std::move(error));
    const json::Object &cluster = *report.getObject("cluster");
    EXPECT_EQ(cluster.getInteger("devices"), machine.devices);
    EXPECT_EQ(cluster.getArray("levels")->size(), machine.levels.size());
    EXPECT_EQ(*cluster.getObject("device")
                   ->getObject("peak_flops")
                   ->getNumber("bf16"),
              machine.device.peakFlops.at("bf16"));
  }
}

TEST(PlanReport, TimelinesKeepEveryEvent) {
  simulator::Timeline timeline = pipelineOfTwo();
  json::Object shown =
      timelineReport(timeline, {{"first", 0, 4}, {"second", 1, 4}});
  const json::Array &names = *shown.getArray("names"),
                    &kinds = *shown.getArray("kinds");
  const json::Array &ranks = *shown.getArray("ranks");
  // Two stages, and the links between them where they belong to neither.
  ASSERT_GE(ranks.size(), 2u);
  EXPECT_EQ(ranks[1].getAsObject()->getString("name"), "second");
  EXPECT_EQ(ranks[1].getAsObject()->getInteger("ranks"), 4);
  size_t events = 0;
  for (size_t rank = 0; rank < ranks.size(); ++rank) {
    std::vector<const simulator::Track *> tracks;
    for (const simulator::Track &track : timeline.tracks)
      if (rank < 2 ? track.rank == rank
                   : track.rank == simulator::Track::kNoRank)
        tracks.push_back(&track);
    const json::Array &written = *ranks[rank].getAsObject()->getArray("tracks");
    ASSERT_EQ(written.size(), tracks.size());
    for (size_t track = 0; track < tracks.size(); ++track) {
      const json::Array &list =
          *written[track].getAsObject()->getArray("events");
      ASSERT_EQ(list.size(), tracks[track]->events.size());
      for (size_t index = 0; index < list.size(); ++index) {
        const json::Array &entry = *list[index].getAsArray();
        const simulator::Event &event = tracks[track]->events[index];
        EXPECT_EQ(*names[*entry[0].getAsInteger()].getAsString(),
                  timeline.nameOf(event));
        EXPECT_EQ(*kinds[*entry[1].getAsInteger()].getAsString(),
                  simulator::stringify(event.kind));
        EXPECT_EQ(*entry[2].getAsNumber(), event.start);
        EXPECT_EQ(*entry[3].getAsNumber(), event.duration);
        EXPECT_EQ(*entry[4].getAsInteger(), event.microBatch);
        EXPECT_EQ(*entry[5].getAsInteger(), event.bytes);
        ++events;
      }
    }
  }
  // Of each micro-batch forward and backward on two stages, and what is sent.
  EXPECT_GT(events, 12u);
  const json::Array &memory = *ranks[0].getAsObject()->getArray("memory");
  EXPECT_EQ(memory.size(), timeline.ranks[0].memory.size());
}

TEST(PlanReport, TextThatIsNoUtf8) {
  simulator::Timeline timeline = pipelineOfTwo();
  timeline.names[0] = "\xff\xfe";
  Machine machine = cantFail(Machine::read("dgx-h100:8"));
  machine.name = "\xc3";
  std::string page;
  raw_string_ostream os(page);
  EXPECT_FALSE(bool(writePlanReport(
      reportOf(clusterReport(machine),
               timelineReport(timeline, {{"\x80", 0, 1}, {"b", 1, 1}})),
      os)));
  EXPECT_TRUE(json::isUTF8(page));
}
