//===- Schedule.h - In which order stages do what ---------------*- C++ -*-===//
//
// Schedules of pipelines as lists of actions, one for each stage. A stage has
// one chunk of the model's layers or, interleaved, several: chunk c of stage s
// is the (c · stages + s)th part of the model.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_SIMULATOR_SCHEDULE_H
#define VESCALE_SIMULATOR_SCHEDULE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <vector>

namespace vescale::simulator {

enum class ScheduleKind {
  /// All micro-batches forward, then all backward (Huang et al. 2019).
  GPipe,
  /// Forward and backward in turn as soon as there is a gradient, so that no
  /// more micro-batches are in flight than stages follow (PipeDream's flush,
  /// Narayanan et al. 2021).
  OneForwardOneBackward,
  /// The same with several chunks a stage, which makes the bubble shorter
  /// (Narayanan et al. 2021). Micro-batches go through the chunks in groups of
  /// at least as many as there are stages, as equal as can be.
  Interleaved
};

llvm::StringRef stringify(ScheduleKind kind);

struct ScheduleShape {
  unsigned stages = 1, microBatches = 1;
  unsigned chunks = 1; ///< Of each stage; more than one if interleaved.
};

struct Action {
  enum Kind : uint8_t { Forward, Backward };
  Kind kind;
  uint16_t chunk;
  uint32_t microBatch;

  bool operator==(const Action &other) const {
    return kind == other.kind && chunk == other.chunk &&
           microBatch == other.microBatch;
  }
};

/// By stage, in the order in which it acts. Refuses shapes that the schedule
/// has no order for: chunks without interleaving, interleaving without, and
/// interleaving fewer micro-batches than stages.
llvm::Expected<std::vector<std::vector<Action>>>
makeSchedule(ScheduleKind kind, const ScheduleShape &shape);

/// How many chunks' activations a stage holds at most, each of one micro-batch.
/// The shape is one that makeSchedule() takes.
unsigned mostInFlight(ScheduleKind kind, const ScheduleShape &shape,
                      unsigned stage);

} // namespace vescale::simulator

#endif // VESCALE_SIMULATOR_SCHEDULE_H
