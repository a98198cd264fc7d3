//===- TaskGraph.cpp - Work that waits for other work -----------*- C++ -*-===//

#include "vescale/Simulator/TaskGraph.h"

using namespace vescale::simulator;

static constexpr TaskId kNoTask = ~TaskId(0);

llvm::StringRef vescale::simulator::stringify(EventKind kind) {
  switch (kind) {
  case EventKind::Forward:
    return "forward";
  case EventKind::Backward:
    return "backward";
  case EventKind::Recompute:
    return "recompute";
  case EventKind::Update:
    return "update";
  case EventKind::Work:
    return "work";
  case EventKind::Collective:
    return "collective";
  case EventKind::Transfer:
    return "transfer";
  }
  llvm_unreachable("all kinds have a name");
}

llvm::StringRef vescale::simulator::stringify(TrackKind kind) {
  switch (kind) {
  case TrackKind::Compute:
    return "compute";
  case TrackKind::Communication:
    return "communication";
  case TrackKind::Link:
    return "link";
  }
  llvm_unreachable("all kinds have a name");
}

TrackId TaskGraph::addTrack(llvm::StringRef name, TrackKind kind,
                            uint32_t rank) {
  if (rank != Track::kNoRank && rank >= ranks) {
    ranks = rank + 1;
    heldMemory.resize(ranks, 0);
  }
  tracks.push_back({name.str(), rank, kind, kNoTask});
  return tracks.size() - 1;
}

uint32_t TaskGraph::intern(llvm::StringRef name) {
  auto [place, isNew] = nameIds.try_emplace(name, names.size());
  if (isNew)
    names.push_back(name.str());
  return place->second;
}

TaskId TaskGraph::addTask(const Task &task, llvm::ArrayRef<TrackId> on) {
  TaskId id = tasks.size();
  tasks.push_back(task);
  taskTracks.insert(taskTracks.end(), on.begin(), on.end());
  firstTrack.push_back(taskTracks.size());
  for (TrackId track : on) {
    TrackInfo &info = tracks[track];
    if (info.kind != TrackKind::Link && info.last != kNoTask)
      addDependency(info.last, id);
    info.last = id;
  }
  return id;
}

void TaskGraph::addDependency(TaskId before, TaskId after) {
  dependencies.push_back({before, after});
}

void TaskGraph::addMemory(uint32_t rank, int64_t bytes) {
  heldMemory[rank] += bytes;
}

void TaskGraph::addMemory(TaskId task, uint32_t rank, int64_t atStart,
                          int64_t atEnd) {
  memoryChanges.push_back({task, rank, atStart, atEnd});
}
