//===- Player.cpp - Plays a graph of tasks ----------------------*- C++ -*-===//
//
// Terms. A task is *released* when all that it waits for has ended, among that
// its predecessors on ordered tracks; it *starts* when its links are free too,
// and *runs* at a rate of 1 or, where its rank also does work of the other sort
// (computing, communicating), at what contention leaves; it *ends* when its
// work is done.
//
//  1. The clock goes to the next end. All tasks that end then end together.
//  2. Their links are free and their successors may be released.
//  3. Tasks that wait for a free link start, those that waited longer first,
//     then released ones; of equals the one with the smaller number.
//  4. Where the set of sorts on a rank changed, the rates of what runs there
//     do, and with them the ends: an old end in the queue has an old version
//     and is passed over.
//
//===----------------------------------------------------------------------===//
#include "RankUse.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cmath>
#include <queue>

using namespace vescale::simulator;

namespace vescale::simulator {
class Player {
public:
  Player(const TaskGraph &graph, const Contention &contention);
  llvm::Expected<Timeline> run();

private:
  struct Run {
    double start = -1, end = -1;
    double left = 0;  // of the work, in us
    double since = 0; // when that was left
    double rate = 1;
    uint32_t version = 0;
  };
  struct End {
    double time;
    TaskId task;
    uint32_t version;
    bool operator>(const End &other) const {
      return std::tie(time, task) > std::tie(other.time, other.task);
    }
  };
  /// What runs on a rank, by sort: computing, communicating.
  struct Running {
    llvm::SmallVector<TaskId, 4> tasks[2];
  };

  llvm::ArrayRef<TrackId> tracksOf(TaskId task) const {
    return llvm::ArrayRef(graph.taskTracks)
        .slice(graph.firstTrack[task],
               graph.firstTrack[task + 1] - graph.firstTrack[task]);
  }
  bool isLink(TrackId track) const {
    return graph.tracks[track].kind == TrackKind::Link;
  }
  unsigned sortOf(TaskId task) const {
    return isCommunication(graph.tasks[task].kind);
  }
  /// Each of a task's ranks once.
  llvm::SmallVector<uint32_t, 4> ranksOf(TaskId task) const;

  void linkSuccessors();
  void startOrWait(TaskId task);
  bool tryStart(TaskId task);
  void finish(TaskId task);
  void schedule(TaskId task);
  void rerate(TaskId task);
  void rerateRanksOf(TaskId task);
  llvm::Error deadlock() const;
  Timeline collect() const;

  const TaskGraph &graph;
  const Contention &contention;
  bool contended;
  double now = 0;
  std::vector<Run> runs;
  std::vector<uint32_t> waitsFor, firstSuccessor;
  std::vector<TaskId> successors, released;
  std::priority_queue<End, std::vector<End>, std::greater<>> ends;
  std::vector<char> isTaken;
  /// By link, those that wait for it, in the order in which they came.
  std::vector<std::vector<TaskId>> queues;
  std::vector<TrackId> freed;
  std::vector<Running> running;
  std::vector<TaskId> order; // in which tasks started
};
} // namespace vescale::simulator

Player::Player(const TaskGraph &graph, const Contention &contention)
    : graph(graph), contention(contention),
      contended(contention.compute != 1 || contention.communication != 1),
      runs(graph.size()), waitsFor(graph.size(), 0),
      isTaken(graph.tracks.size(), false), queues(graph.tracks.size()),
      running(contended ? graph.ranks : 0) {
  order.reserve(graph.size());
  linkSuccessors();
}

/// Successors of a task lie side by side.
void Player::linkSuccessors() {
  firstSuccessor.assign(graph.size() + 1, 0);
  for (auto [before, after] : graph.dependencies) {
    ++firstSuccessor[before + 1];
    ++waitsFor[after];
  }
  for (size_t task = 0; task < graph.size(); ++task)
    firstSuccessor[task + 1] += firstSuccessor[task];
  successors.resize(graph.dependencies.size());
  std::vector<uint32_t> next(firstSuccessor.begin(), firstSuccessor.end() - 1);
  for (auto [before, after] : graph.dependencies)
    successors[next[before]++] = after;
}

llvm::SmallVector<uint32_t, 4> Player::ranksOf(TaskId task) const {
  llvm::SmallVector<uint32_t, 4> ranks;
  for (TrackId track : tracksOf(task))
    if (uint32_t rank = graph.tracks[track].rank;
        rank != Track::kNoRank && !llvm::is_contained(ranks, rank))
      ranks.push_back(rank);
  return ranks;
}

llvm::Expected<Timeline> Player::run() {
  for (TaskId task = 0; task < graph.size(); ++task)
    if (waitsFor[task] == 0)
      released.push_back(task);
  while (true) {
    llvm::sort(freed);
    for (TrackId link : freed) {
      // One may wait for another link too and let the next one go ahead.
      std::vector<TaskId> waiting;
      waiting.swap(queues[link]);
      for (TaskId task : waiting)
        if (runs[task].start < 0 && !tryStart(task))
          queues[link].push_back(task);
    }
    freed.clear();
    llvm::sort(released);
    for (TaskId task : released)
      startOrWait(task);
    released.clear();
    while (!ends.empty() && ends.top().version != runs[ends.top().task].version)
      ends.pop();
    if (ends.empty())
      break;
    now = ends.top().time;
    while (!ends.empty() && ends.top().time == now) {
      End end = ends.top();
      ends.pop();
      if (end.version == runs[end.task].version)
        finish(end.task);
    }
  }
  if (order.size() != graph.size() ||
      llvm::any_of(runs, [](const Run &run) { return run.end < 0; }))
    return deadlock();
  return collect();
}

void Player::startOrWait(TaskId task) {
  if (tryStart(task))
    return;
  for (TrackId track : tracksOf(task))
    if (isLink(track))
      queues[track].push_back(task);
}

bool Player::tryStart(TaskId task) {
  for (TrackId track : tracksOf(task))
    if (isTaken[track])
      return false;
  for (TrackId track : tracksOf(task))
    isTaken[track] = isLink(track);
  order.push_back(task);
  Run &run = runs[task];
  run.start = run.since = now;
  run.left = graph.tasks[task].us;
  if (!contended) {
    schedule(task);
    return true;
  }
  for (uint32_t rank : ranksOf(task))
    running[rank].tasks[sortOf(task)].push_back(task);
  run.rate = -1;
  rerate(task);
  rerateRanksOf(task);
  return true;
}

void Player::finish(TaskId task) {
  Run &run = runs[task];
  run.end = now;
  ++run.version;
  for (TrackId track : tracksOf(task))
    if (isLink(track)) {
      isTaken[track] = false;
      freed.push_back(track);
    }
  for (uint32_t i = firstSuccessor[task]; i < firstSuccessor[task + 1]; ++i)
    if (--waitsFor[successors[i]] == 0)
      released.push_back(successors[i]);
  if (!contended)
    return;
  for (uint32_t rank : ranksOf(task))
    llvm::erase(running[rank].tasks[sortOf(task)], task);
  rerateRanksOf(task);
}

void Player::schedule(TaskId task) {
  Run &run = runs[task];
  if (run.rate > 0)
    ends.push({run.since + run.left / run.rate, task, run.version});
}

/// A task of several ranks goes as fast as on the slowest.
void Player::rerate(TaskId task) {
  Run &run = runs[task];
  unsigned sort = sortOf(task);
  double slowed = sort ? contention.communication : contention.compute;
  double rate = 1;
  for (uint32_t rank : ranksOf(task))
    if (!running[rank].tasks[1 - sort].empty())
      rate = std::min(rate, slowed);
  if (rate == run.rate)
    return;
  if (run.rate > 0)
    run.left = std::max(0.0, run.left - (now - run.since) * run.rate);
  run.since = now;
  run.rate = rate;
  ++run.version;
  schedule(task);
}

/// What a start or an end of the task changes for the other sort.
void Player::rerateRanksOf(TaskId task) {
  for (uint32_t rank : ranksOf(task))
    for (TaskId other : running[rank].tasks[1 - sortOf(task)])
      rerate(other);
}

llvm::Error Player::deadlock() const {
  std::string stuck;
  unsigned named = 0, count = 0;
  for (TaskId task = 0; task < graph.size(); ++task) {
    if (runs[task].end >= 0)
      continue;
    ++count;
    if (named == 4)
      continue;
    ++named;
    stuck += (named > 1 ? ", '" : "'") + graph.names[graph.tasks[task].name];
    stuck += "'";
    if (graph.tasks[task].microBatch >= 0)
      stuck +=
          " of micro-batch " + std::to_string(graph.tasks[task].microBatch);
    if (!tracksOf(task).empty())
      stuck += " on " + graph.tracks[tracksOf(task).front()].name;
  }
  return llvm::createStringError(
      "%u tasks never end, for they wait for each other: %s%s", count,
      stuck.c_str(), count > named ? ", …" : "");
}

Timeline Player::collect() const {
  Timeline timeline;
  timeline.names = graph.names;
  for (const TaskGraph::TrackInfo &track : graph.tracks)
    timeline.tracks.push_back({track.name, track.rank, track.kind, {}});
  for (TaskId task : order) {
    const Task &what = graph.tasks[task];
    const Run &run = runs[task];
    timeline.makespan = std::max(timeline.makespan, run.end);
    for (TrackId track : tracksOf(task))
      timeline.tracks[track].events.push_back({run.start, run.end - run.start,
                                               what.bytes, what.name,
                                               what.microBatch, what.kind});
  }
  std::vector<std::vector<RankUse::MemoryPoint>> changes(graph.ranks);
  for (const TaskGraph::MemoryChange &change : graph.memoryChanges) {
    const Run &run = runs[change.task];
    if (change.atStart)
      changes[change.rank].push_back({run.start, change.atStart});
    if (change.atEnd)
      changes[change.rank].push_back({run.end, change.atEnd});
  }
  timeline.ranks.resize(graph.ranks);
  for (size_t rank = 0; rank < graph.ranks; ++rank)
    addUpMemory(timeline.ranks[rank], graph.heldMemory[rank], changes[rank]);
  addUpTime(timeline);
  return timeline;
}

llvm::Expected<Timeline>
vescale::simulator::play(const TaskGraph &graph, const Contention &contention) {
  return Player(graph, contention).run();
}
