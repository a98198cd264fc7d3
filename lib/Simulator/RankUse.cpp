//===- RankUse.cpp - What ranks do with time and memory ---------*- C++ -*-===//

#include "RankUse.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>

using namespace vescale::simulator;

void vescale::simulator::addUpMemory(
    RankUse &use, int64_t held, std::vector<RankUse::MemoryPoint> &changes) {
  llvm::sort(changes, [](const auto &a, const auto &b) {
    return std::tie(a.time, a.bytes) < std::tie(b.time, b.bytes);
  });
  use.memory = {{0, held}};
  for (const RankUse::MemoryPoint &change : changes) {
    held += change.bytes;
    if (use.memory.back().time == change.time)
      use.memory.back().bytes = held;
    else
      use.memory.push_back({change.time, held});
  }
  for (const RankUse::MemoryPoint &point : use.memory)
    use.peakMemory = std::max(use.peakMemory, point.bytes);
}

using Interval = std::pair<double, double>;

/// How long the intervals last, together and each moment once.
static double coveredTime(std::vector<Interval> &intervals) {
  llvm::sort(intervals);
  double covered = 0, until = 0;
  for (auto [start, end] : intervals) {
    covered += std::max(0.0, end - std::max(start, until));
    until = std::max(until, end);
  }
  return covered;
}

void vescale::simulator::addUpTime(Timeline &timeline) {
  std::vector<std::vector<Interval>> computes(timeline.ranks.size()),
      all(timeline.ranks.size());
  for (const Track &track : timeline.tracks) {
    if (track.rank == Track::kNoRank)
      continue;
    for (const Event &event : track.events) {
      Interval interval(event.start, event.end());
      all[track.rank].push_back(interval);
      if (!isCommunication(event.kind))
        computes[track.rank].push_back(interval);
    }
  }
  for (auto [rank, use] : llvm::enumerate(timeline.ranks)) {
    use.busy = coveredTime(computes[rank]);
    double active = coveredTime(all[rank]);
    use.exposed = active - use.busy;
    use.idle = timeline.makespan - active;
  }
}
