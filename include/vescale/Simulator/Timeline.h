//===- Timeline.h - Who did what, when, and with how much memory -*- C++
//-*-===//
//
// What a simulation says and a report draws: the events of each rank's tracks
// and of links, and the memory of each rank over time. Times in microseconds
// from the step's begin, sizes in bytes.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_SIMULATOR_TIMELINE_H
#define VESCALE_SIMULATOR_TIMELINE_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <string>
#include <vector>

namespace vescale::simulator {

enum class EventKind : uint8_t {
  Forward,
  Backward,
  Recompute,
  Update, ///< Of parameters and the optimizer's state.
  Work,   ///< All other.
  Collective,
  Transfer ///< From one rank to another.
};

llvm::StringRef stringify(EventKind kind);

inline bool isCommunication(EventKind kind) {
  return kind == EventKind::Collective || kind == EventKind::Transfer;
}

struct Event {
  double start, duration;
  int64_t bytes; ///< That communication moves.
  uint32_t name; ///< In Timeline::names.
  int32_t microBatch;
  EventKind kind;

  double end() const { return start + duration; }
};

enum class TrackKind : uint8_t {
  Compute,       ///< In the order of the program.
  Communication, ///< In the order of the program.
  Link           ///< Who comes first is served first.
};

llvm::StringRef stringify(TrackKind kind);

/// Where one thing happens at a time.
struct Track {
  static constexpr uint32_t kNoRank = ~uint32_t(0);

  std::string name;
  uint32_t rank; ///< kNoRank for a link between groups of ranks.
  TrackKind kind;
  std::vector<Event> events; ///< In the order of their starts.
};

/// What a rank does with its time and memory. `busy`, `exposed` and `idle` add
/// up to the makespan.
struct RankUse {
  struct MemoryPoint {
    double time;
    int64_t bytes; ///< From then on.
  };

  double busy = 0;    ///< It computes.
  double exposed = 0; ///< It does not compute, but communicates.
  double idle = 0;    ///< It waits: a pipeline's bubble.
  int64_t peakMemory = 0;
  std::vector<MemoryPoint> memory;
};

struct Timeline {
  /// When the last event ends.
  double makespan = 0;
  std::vector<std::string> names;
  std::vector<Track> tracks;
  std::vector<RankUse> ranks;

  llvm::StringRef nameOf(const Event &event) const { return names[event.name]; }
};

} // namespace vescale::simulator

#endif // VESCALE_SIMULATOR_TIMELINE_H
