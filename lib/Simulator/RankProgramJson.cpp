//===- RankProgramJson.cpp - A prediction as a bundle has it ----*- C++ -*-===//

#include "vescale/Simulator/RankProgram.h"
#include "vescale/Support/Location.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::simulator;
namespace json = llvm::json;

static json::Array groupsOf(const Prediction &prediction) {
  json::Array groups;
  for (const SentBytes &sent : prediction.sent)
    groups.push_back(
        json::Object{{"sizes", json::Array(sent.group.getSizes())},
                     {"strides", json::Array(sent.group.getStrides())},
                     {"bytes_to_each", sent.toEach}});
  return groups;
}

static json::Array stepsOf(const Prediction &prediction) {
  json::Array steps;
  for (const PredictedStep &step : prediction.steps) {
    if (isa<rank::WaitOp>(step.op))
      continue;
    json::Object entry{{"step", step.number},
                       {"op", step.op->getName().stripDialect()},
                       {"us", step.us},
                       {"why", step.why}};
    if (auto origin = step.op->getAttrOfType<StringAttr>("origin"))
      entry["origin"] = origin.getValue();
    if (std::string place = describeLocation(step.op->getLoc()); !place.empty())
      entry["location"] = json::fixUTF8(place);
    steps.push_back(std::move(entry));
  }
  return steps;
}

static json::Array tracksOf(const Timeline &timeline) {
  json::Array tracks;
  for (const Track &track : timeline.tracks) {
    json::Array events;
    for (const Event &event : track.events)
      events.push_back(
          json::Object{{"name", json::fixUTF8(timeline.nameOf(event))},
                       {"start_us", event.start},
                       {"us", event.duration}});
    tracks.push_back(json::Object{{"name", track.name},
                                  {"kind", stringify(track.kind)},
                                  {"events", std::move(events)}});
  }
  return tracks;
}

static json::Array memoryOf(const RankUse &use) {
  json::Array points;
  for (const RankUse::MemoryPoint &point : use.memory)
    points.push_back(json::Array{point.time, point.bytes});
  return points;
}

std::string simulator::summarize(const Prediction &prediction) {
  auto mib = [](int64_t bytes) { return double(bytes) / (1 << 20); };
  return llvm::formatv("predicted on {0}: {1:f2} ms a step (compute {2:f2}, "
                       "exposed communication {3:f2}), memory {4:f1} MiB",
                       prediction.machine, prediction.stepUs * 1e-3,
                       prediction.computeUs * 1e-3, prediction.exposedUs * 1e-3,
                       mib(prediction.memoryBytes()))
      .str();
}

json::Value simulator::toJson(const Prediction &prediction) {
  json::Array entries;
  for (const auto &[name, runs] : prediction.entries)
    entries.push_back(json::Object{{"name", name}, {"runs", runs}});
  return json::Object{{"schema", "vescale.prediction/1"},
                      {"machine", prediction.machine},
                      {"threads", prediction.threads},
                      {"entries", std::move(entries)},
                      {"step_us", prediction.stepUs},
                      {"compute_us", prediction.computeUs},
                      {"transfer_us", prediction.transferUs},
                      {"exposed_us", prediction.exposedUs},
                      {"memory_bytes", prediction.memoryBytes()},
                      {"arena_bytes", prediction.arenaBytes},
                      {"comm_bytes", prediction.commBytes},
                      {"live_bytes", prediction.liveBytes},
                      {"sent", groupsOf(prediction)},
                      {"steps", stepsOf(prediction)},
                      {"tracks", tracksOf(prediction.timeline)},
                      {"memory", memoryOf(prediction.timeline.ranks.front())}};
}
