//===- Parts.cpp - Clusters and timelines of a plan report ------*- C++ -*-===//

#include "lib/Report/Plan/Names.h"
#include "vescale/Report/PlanReportParts.h"

using namespace llvm;
using namespace vescale;

json::Object vescale::clusterReport(const Machine &machine) {
  json::Object peaks;
  for (const auto &[type, rate] : machine.device.peakFlops)
    peaks[type] = rate;
  json::Array levels;
  for (const Level &level : machine.levels)
    levels.push_back(
        json::Object{{"name", json::fixUTF8(level.name)},
                     {"devices", level.devices},
                     {"latency_us", level.latencyUs},
                     {"bandwidth_bytes_per_s", level.bandwidth},
                     {"shared_by", std::max<int64_t>(level.sharedBy, 1)}});
  return json::Object{
      {"name", json::fixUTF8(machine.name)},
      {"devices", machine.devices},
      {"device", json::Object{{"name", json::fixUTF8(machine.device.name)},
                              {"memory_bytes", machine.device.memoryBytes},
                              {"peak_flops", std::move(peaks)}}},
      {"levels", std::move(levels)}};
}

static json::Array eventsOf(const simulator::Track &track,
                            const simulator::Timeline &timeline, Names &names,
                            Names &kinds) {
  json::Array events;
  for (const simulator::Event &event : track.events)
    events.push_back(json::Array{names.number(timeline.nameOf(event)),
                                 kinds.number(simulator::stringify(event.kind)),
                                 event.start, event.duration,
                                 std::max(event.microBatch, -1), event.bytes});
  return events;
}

json::Object vescale::timelineReport(const simulator::Timeline &timeline,
                                     ArrayRef<ShownRank> shown) {
  assert(shown.size() == timeline.ranks.size() && "each rank has a name");
  Names names, kinds;
  std::vector<json::Array> tracks(shown.size());
  json::Array links;
  for (const simulator::Track &track : timeline.tracks)
    (track.rank < tracks.size() ? tracks[track.rank] : links)
        .push_back(
            json::Object{{"name", json::fixUTF8(track.name)},
                         {"events", eventsOf(track, timeline, names, kinds)}});
  json::Array ranks;
  for (size_t rank = 0; rank < shown.size(); ++rank) {
    json::Array memory;
    for (const auto &point : timeline.ranks[rank].memory)
      memory.push_back(json::Array{point.time, point.bytes});
    json::Object entry{{"name", json::fixUTF8(shown[rank].name)},
                       {"ranks", shown[rank].ranks},
                       {"tracks", std::move(tracks[rank])},
                       {"memory", std::move(memory)}};
    if (shown[rank].stage)
      entry["stage"] = *shown[rank].stage;
    ranks.push_back(std::move(entry));
  }
  if (!links.empty())
    ranks.push_back(
        json::Object{{"name", "links"}, {"tracks", std::move(links)}});
  return json::Object{{"names", names.take()},
                      {"kinds", kinds.take()},
                      {"ranks", std::move(ranks)}};
}
