//===- TaskGraph.h - Work that waits for other work -------------*- C++ -*-===//
//
// What the simulator plays: tasks that take time on the tracks of ranks and on
// links, wait for each other, and take and give memory. Free of models and IR.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_SIMULATOR_TASKGRAPH_H
#define VESCALE_SIMULATOR_TASKGRAPH_H

#include "vescale/CostModel/Machine.h"
#include "vescale/Simulator/Timeline.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"

namespace vescale::simulator {

using TrackId = uint32_t;
using TaskId = uint32_t;

struct Task {
  double us;     ///< With nothing beside it.
  uint32_t name; ///< From TaskGraph::intern().
  EventKind kind = EventKind::Work;
  int32_t microBatch = -1;
  int64_t bytes = 0;
};

class TaskGraph {
public:
  /// Ranks count from 0 and have no gaps.
  TrackId addTrack(llvm::StringRef name, TrackKind kind,
                   uint32_t rank = Track::kNoRank);
  uint32_t intern(llvm::StringRef name);

  /// Occupies all of its tracks at once. It starts behind those that were added
  /// before it to a track of computing or of communication; links take tasks in
  /// the order in which they could start.
  TaskId addTask(const Task &task, llvm::ArrayRef<TrackId> tracks);
  /// `after` starts when `before` has ended.
  void addDependency(TaskId before, TaskId after);

  /// What the rank holds when the step begins.
  void addMemory(uint32_t rank, int64_t bytes);
  /// What the rank takes (more than 0) or gives back (less than 0) when the
  /// task starts and when it ends.
  void addMemory(TaskId task, uint32_t rank, int64_t atStart, int64_t atEnd);

  size_t size() const { return tasks.size(); }
  size_t numRanks() const { return ranks; }

private:
  friend class Player;
  struct MemoryChange {
    TaskId task;
    uint32_t rank;
    int64_t atStart, atEnd;
  };
  struct TrackInfo {
    std::string name;
    uint32_t rank;
    TrackKind kind;
    TaskId last;
  };

  size_t ranks = 0;
  std::vector<std::string> names;
  llvm::StringMap<uint32_t> nameIds;
  std::vector<TrackInfo> tracks;
  std::vector<Task> tasks;
  /// Of task t: taskTracks[firstTrack[t]] up to that of t + 1.
  std::vector<uint32_t> firstTrack = {0};
  std::vector<TrackId> taskTracks;
  std::vector<std::pair<TaskId, TaskId>> dependencies;
  std::vector<int64_t> heldMemory;
  std::vector<MemoryChange> memoryChanges;
};

/// How fast work goes on while a rank computes and communicates at once, as
/// parts of how fast it goes alone.
struct Contention {
  double compute = 1, communication = 1;

  Contention() = default;
  /// A core that is busy with a collective does not compute.
  explicit Contention(const OverlapCost &cost)
      : compute((1 - cost.coreShare) / cost.compute),
        communication(1 / cost.communication) {}
};

/// Plays the graph: all starts as early as it can. The same graph gives the
/// same timeline on every host. Tasks that wait for each other in a circle are
/// an error, which names them.
llvm::Expected<Timeline> play(const TaskGraph &graph,
                              const Contention &contention = {});

} // namespace vescale::simulator

#endif // VESCALE_SIMULATOR_TASKGRAPH_H
