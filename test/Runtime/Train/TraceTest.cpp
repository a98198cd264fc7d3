// Traces: what is written, and ranks' clocks.
#include "runtime/train/Trace.h"
#include "runtime/core/Clock.h"
#include "runtime/core/Error.h"
#include "runtime/core/Threads.h"
#include "runtime/transport/Inproc.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <fstream>
#include <thread>

using namespace vescale::runtime;
using Json = nlohmann::json;

namespace {

// Rows of 8 elements, gathered by 2 ranks.
const vs_collective gather = {.kind = VS_ALL_GATHER,
                              .reduction = VS_SUM,
                              .dtype = VS_F32,
                              .outer = 3,
                              .chunk = 8,
                              .mid = 1,
                              .out_row = 16,
                              .inner = 1};
const vs_exchange gathers = {&gather, 1};
const vs_group pair = {1, 0, {2}, {1}};
const vs_step programSteps[] = {
    {VS_STEP_GEMM, 0, nullptr, "dot+gelu", "Gemm \"fc\" in h.0.mlp"},
    {VS_STEP_START, 0, &gathers, "a gather", nullptr},
    {VS_STEP_WAIT, 0, &gathers, "wait", nullptr}};
const vs_program program = {VS_ABI_VERSION, "hash", 0,       0,
                            nullptr,        0,      &pair,   1,
                            programSteps,   3,      nullptr, 0};

Json findNamed(const Json &events, const std::string &name) {
  for (const Json &event : events)
    if (event["name"] == name && event["ph"] == "X")
      return event;
  return nullptr;
}

TEST(Trace, HasTracksOfStepsComputationAndCommunication) {
  std::deque<StepTrace> steps(1);
  steps[0].spans = {{"step 7", 1000, 9000}, {"main", 2000, 9000}};
  // Noted at the end of each; the two gathers are under way at once.
  steps[0].times = {
      {0, 2500, 4000}, {1, 4000, 8500}, {2, 8000, 8500}, {1, 5000, 8800}};
  Json events = Json::parse("[" + traceEvents(program, 1, steps, 1000) + "]");
  for (const Json &event : events)
    EXPECT_EQ(event["pid"], 1);
  std::map<int, std::string> tracks;
  for (const Json &event : events)
    if (event["name"] == "thread_name")
      tracks[event["tid"]] = event["args"]["name"];
  auto trackOf = [&](const Json &event) { return tracks[event["tid"]]; };
  Json dot = findNamed(events, "dot+gelu");
  EXPECT_EQ(trackOf(dot), "compute");
  EXPECT_EQ(dot["ts"], 1.5); // microseconds
  EXPECT_EQ(dot["dur"], 1.5);
  EXPECT_EQ(dot["args"]["location"], "Gemm \"fc\" in h.0.mlp");
  Json sent = findNamed(events, "a gather");
  EXPECT_EQ(trackOf(sent), "communication");
  EXPECT_EQ(sent["args"]["collective"], "all_gather");
  EXPECT_EQ(sent["args"]["bytes"], 3 * 8 * 4);
  Json wait = findNamed(events, "wait");
  EXPECT_EQ(trackOf(wait), "compute");
  std::vector<std::string> gatherTracks;
  for (const Json &event : events)
    if (event["name"] == "a gather")
      gatherTracks.push_back(trackOf(event));
  EXPECT_EQ(gatherTracks,
            (std::vector<std::string>{"communication", "communication 2"}));
  Json step = findNamed(events, "step 7");
  EXPECT_EQ(trackOf(step), "step");
  EXPECT_EQ(step["ts"], 0);
  EXPECT_EQ(step["dur"], 8);
}

/// Runs `body` on so many in-process ranks.
template <typename Body> void onRanks(int size, Body body) {
  InprocWorld world(size);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank)
    threads.emplace_back([&, rank] {
      auto transport = world.connect(rank);
      body(*transport);
      transport->barrier();
    });
  for (std::thread &thread : threads)
    thread.join();
}

TEST(Trace, AlignsClocks) {
  // Threads share a clock, so the offset must be no more than its error.
  std::vector<ClockOffset> offsets(3);
  onRanks(3, [&](Transport &transport) {
    offsets[transport.rank()] = alignClocks(transport);
  });
  EXPECT_EQ(offsets[0].aheadNs, 0);
  for (int rank : {1, 2}) {
    EXPECT_GT(offsets[rank].errorNs, 0);
    EXPECT_LE(std::abs(offsets[rank].aheadNs), offsets[rank].errorNs + 1);
  }
}

TEST(Trace, KeepsTheLastStepsOfAllRanks) {
  std::string path = testing::TempDir() + "trace.json";
  onRanks(3, [&](Transport &transport) {
    Trace trace(path, 2, program, transport.rank());
    for (int64_t step = 0; step < 5; ++step) {
      std::vector<StepTime> *times = trace.beginStep();
      EXPECT_TRUE(times->empty());
      int64_t begin = nanoseconds();
      times->push_back({0, begin, begin + 1000});
      trace.addSpan("main", begin, begin + 1500);
      trace.endStep(step, begin, begin + 2000);
    }
    trace.write(transport);
  });
  std::ifstream file(path);
  Json trace = Json::parse(file);
  EXPECT_GT(trace["otherData"]["clock_error_us"], 0);
  for (int rank = 0; rank < 3; ++rank) {
    std::vector<std::string> steps;
    for (const Json &event : trace["traceEvents"])
      if (event["pid"] == rank && event["ph"] == "X" && event["tid"] == 0)
        steps.push_back(event["name"]);
    EXPECT_EQ(steps,
              (std::vector<std::string>{"step 3", "main", "step 4", "main"}));
  }
}

TEST(Trace, RefusesAFileThatCannotBeWritten) {
  try {
    Trace("/nowhere/trace.json", 1, program, 0);
    ADD_FAILURE() << "accepted";
  } catch (const Failure &failure) {
    EXPECT_EQ(failure.code, ExitCode::Usage);
  }
}

} // namespace
