//===- TaskGraphTest.cpp - What the player says, by hand --------*- C++ -*-===//

#include "vescale/Simulator/TaskGraph.h"
#include <gtest/gtest.h>
#include <numeric>
#include <random>

using namespace vescale::simulator;

namespace {
class TaskGraphTest : public testing::Test {
protected:
  TaskId add(double us, std::initializer_list<TrackId> tracks,
             EventKind kind = EventKind::Work) {
    return graph.addTask(
        {us, graph.intern("t" + std::to_string(graph.size())), kind}, tracks);
  }
  Timeline played(const Contention &contention = {}) {
    llvm::Expected<Timeline> timeline = play(graph, contention);
    EXPECT_TRUE(bool(timeline));
    return std::move(*timeline);
  }
  /// When each task starts, by its number.
  static std::map<std::string, double> starts(const Timeline &timeline) {
    std::map<std::string, double> starts;
    for (const Track &track : timeline.tracks)
      for (const Event &event : track.events)
        starts[timeline.nameOf(event).str()] = event.start;
    return starts;
  }

  TaskGraph graph;
};
} // namespace

TEST_F(TaskGraphTest, TracksKeepTheirOrder) {
  TrackId a = graph.addTrack("a", TrackKind::Compute, 0);
  TrackId b = graph.addTrack("b", TrackKind::Compute, 1);
  add(5, {a});                 // 0 to 5
  TaskId second = add(2, {a}); // waits for b: 7 to 9
  add(1, {a});                 // behind it: 9 to 10
  TaskId other = add(7, {b});  // 0 to 7
  graph.addDependency(other, second);
  Timeline timeline = played();
  EXPECT_EQ(starts(timeline), (std::map<std::string, double>{
                                  {"t0", 0}, {"t1", 7}, {"t2", 9}, {"t3", 0}}));
  EXPECT_EQ(timeline.makespan, 10);
  EXPECT_EQ(timeline.ranks[0].busy, 8);
  EXPECT_EQ(timeline.ranks[0].idle, 2);
  EXPECT_EQ(timeline.ranks[1].idle, 3);
}

TEST_F(TaskGraphTest, LinksServeWhoComesFirst) {
  TrackId a = graph.addTrack("a", TrackKind::Compute, 0);
  TrackId b = graph.addTrack("b", TrackKind::Compute, 1);
  TrackId link = graph.addTrack("link", TrackKind::Link);
  TaskId workA = add(3, {a}), workB = add(2, {b});
  TaskId fromA = add(10, {link}, EventKind::Transfer);
  TaskId fromB = add(10, {link}, EventKind::Transfer);
  graph.addDependency(workA, fromA);
  graph.addDependency(workB, fromB);
  Timeline timeline = played();
  // b's comes first though it has the larger number.
  EXPECT_EQ(starts(timeline)["t3"], 2);
  EXPECT_EQ(starts(timeline)["t2"], 12);
  ASSERT_EQ(timeline.tracks[link].events.size(), 2u);
  EXPECT_EQ(timeline.tracks[link].events[0].start, 2);
}

TEST_F(TaskGraphTest, OneThatWaitsForTwoLinksLetsOthersPass) {
  TrackId one = graph.addTrack("one", TrackKind::Link);
  TrackId two = graph.addTrack("two", TrackKind::Link);
  add(4, {one}, EventKind::Transfer);      // 0 to 4
  add(9, {two}, EventKind::Transfer);      // 0 to 9
  add(1, {one, two}, EventKind::Transfer); // 9 to 10
  add(2, {one}, EventKind::Transfer);      // 4 to 6
  std::map<std::string, double> want{
      {"t0", 0}, {"t1", 0}, {"t2", 9}, {"t3", 4}};
  EXPECT_EQ(starts(played()), want);
}

TEST_F(TaskGraphTest, ACollectiveOccupiesAllItsRanks) {
  TrackId a = graph.addTrack("a", TrackKind::Compute, 0);
  TrackId sendA = graph.addTrack("a's", TrackKind::Communication, 0);
  TrackId b = graph.addTrack("b", TrackKind::Compute, 1);
  TrackId sendB = graph.addTrack("b's", TrackKind::Communication, 1);
  TaskId first = add(3, {a}), slower = add(5, {b});
  TaskId sum = add(4, {sendA, sendB}, EventKind::Collective); // 5 to 9
  TaskId beside = add(3, {a});                                // 3 to 6
  TaskId after = add(1, {a});                                 // 9 to 10
  graph.addDependency(first, sum);
  graph.addDependency(slower, sum);
  graph.addDependency(sum, after);
  (void)beside;
  Timeline timeline = played();
  EXPECT_EQ(timeline.makespan, 10);
  // Rank 0 computes 0 to 6 and 9 to 10, and communicates alone 6 to 9.
  EXPECT_EQ(timeline.ranks[0].busy, 7);
  EXPECT_EQ(timeline.ranks[0].exposed, 3);
  EXPECT_EQ(timeline.ranks[0].idle, 0);
  EXPECT_EQ(timeline.ranks[1].busy, 5);
  EXPECT_EQ(timeline.ranks[1].exposed, 4);
  EXPECT_EQ(timeline.ranks[1].idle, 1);
}

TEST_F(TaskGraphTest, WorkBesideCommunicationIsSlower) {
  TrackId a = graph.addTrack("a", TrackKind::Compute, 0);
  TrackId sends = graph.addTrack("sends", TrackKind::Communication, 0);
  TaskId head = add(2, {a});
  TaskId sum = add(3, {sends}, EventKind::Collective);
  add(9, {a});
  graph.addDependency(head, sum);
  // Both go at half speed from 2 on: the sum ends at 8, when 3 of 9 are done;
  // the other 6 take until 14.
  vescale::OverlapCost cost;
  cost.compute = cost.communication = 2;
  Timeline timeline = played(Contention(cost));
  EXPECT_DOUBLE_EQ(timeline.makespan, 14);
  EXPECT_DOUBLE_EQ(timeline.tracks[sends].events[0].end(), 8);
}

TEST_F(TaskGraphTest, WithoutASpareCoreNothingIsHidden) {
  TrackId a = graph.addTrack("a", TrackKind::Compute, 0);
  TrackId sends = graph.addTrack("sends", TrackKind::Communication, 0);
  add(9, {a});
  add(3, {sends}, EventKind::Collective);
  vescale::OverlapCost cost;
  cost.coreShare = 1;
  EXPECT_DOUBLE_EQ(played(Contention(cost)).makespan, 12);
}

TEST_F(TaskGraphTest, MemoryOverTime) {
  TrackId a = graph.addTrack("a", TrackKind::Compute, 0);
  graph.addMemory(0, 100);
  TaskId first = add(2, {a}), second = add(3, {a}), third = add(1, {a});
  graph.addMemory(first, 0, 10, 0);
  graph.addMemory(second, 0, 7, -7);
  graph.addMemory(third, 0, 0, -10);
  Timeline timeline = played();
  const RankUse &use = timeline.ranks[0];
  EXPECT_EQ(use.peakMemory, 117);
  std::vector<std::pair<double, int64_t>> points;
  for (const RankUse::MemoryPoint &point : use.memory)
    points.push_back({point.time, point.bytes});
  EXPECT_EQ(points, (std::vector<std::pair<double, int64_t>>{
                        {0, 110}, {2, 117}, {5, 110}, {6, 100}}));
}

TEST_F(TaskGraphTest, ACircleIsNamed) {
  TrackId a = graph.addTrack("rank 0", TrackKind::Compute, 0);
  TrackId b = graph.addTrack("rank 1", TrackKind::Compute, 1);
  TaskId first = add(1, {a}), second = add(1, {a});
  TaskId third = add(1, {b}), fourth = add(1, {b});
  graph.addDependency(second, third);
  graph.addDependency(fourth, first);
  llvm::Expected<Timeline> timeline = play(graph);
  ASSERT_FALSE(bool(timeline));
  EXPECT_EQ(llvm::toString(timeline.takeError()),
            "4 tasks never end, for they wait for each other: 't0' on rank 0, "
            "'t1' on rank 0, 't2' on rank 1, 't3' on rank 1");
}

/// Without links and contention a task starts at the longest way to it.
TEST_F(TaskGraphTest, RandomGraphsAgainstLongestWays) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 engine(seed);
    graph = TaskGraph();
    unsigned ranks = 1 + engine() % 4, count = 1 + engine() % 40;
    std::vector<TrackId> tracks;
    for (unsigned rank = 0; rank < ranks; ++rank)
      tracks.push_back(graph.addTrack("r", TrackKind::Compute, rank));
    std::vector<double> ends, free(ranks, 0), busy(ranks, 0);
    std::map<std::string, double> want;
    double makespan = 0;
    for (unsigned task = 0; task < count; ++task) {
      unsigned rank = engine() % ranks;
      double us = engine() % 10, start = free[rank];
      add(us, {tracks[rank]});
      for (unsigned before = 0; before < task; ++before)
        if (engine() % 8 == 0) {
          graph.addDependency(before, task);
          start = std::max(start, ends[before]);
        }
      want["t" + std::to_string(task)] = start;
      ends.push_back(start + us);
      free[rank] = start + us;
      busy[rank] += us;
      makespan = std::max(makespan, start + us);
    }
    Timeline timeline = played();
    EXPECT_EQ(timeline.makespan, makespan);
    EXPECT_EQ(starts(timeline), want);
    for (unsigned rank = 0; rank < ranks; ++rank) {
      EXPECT_EQ(timeline.ranks[rank].busy, busy[rank]);
      EXPECT_EQ(timeline.ranks[rank].idle, makespan - busy[rank]);
    }
  }
}

/// With links and contention: no track does two things at once, all waits are
/// kept, all work is done, and a second run says the same.
TEST_F(TaskGraphTest, RandomGraphsKeepTheRules) {
  vescale::OverlapCost cost;
  cost.compute = 1.5;
  cost.communication = 1.25;
  for (uint32_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 engine(seed);
    graph = TaskGraph();
    std::vector<TrackId> tracks;
    unsigned ranks = 1 + engine() % 3;
    for (unsigned rank = 0; rank < ranks; ++rank) {
      tracks.push_back(graph.addTrack("c", TrackKind::Compute, rank));
      tracks.push_back(graph.addTrack("s", TrackKind::Communication, rank));
      tracks.push_back(graph.addTrack("l", TrackKind::Link, rank));
    }
    struct Given {
      double us;
      EventKind kind;
      std::vector<TaskId> before;
    };
    std::vector<Given> given;
    for (unsigned task = 0, count = 1 + engine() % 40; task < count; ++task) {
      Given &one = given.emplace_back();
      one.us = 1 + engine() % 9;
      TrackId track = tracks[engine() % tracks.size()];
      bool computes = track % 3 == 0;
      one.kind = computes ? EventKind::Work : EventKind::Collective;
      // Some are of two ranks.
      TrackId second = tracks[engine() % tracks.size()];
      if (!computes && second % 3 == track % 3 && second != track)
        add(one.us, {track, second}, one.kind);
      else
        add(one.us, {track}, one.kind);
      for (unsigned before = 0; before < task; ++before)
        if (engine() % 10 == 0) {
          graph.addDependency(before, task);
          one.before.push_back(before);
        }
    }
    Timeline timeline = played(Contention(cost));
    std::map<std::string, Event> events;
    for (const Track &track : timeline.tracks) {
      double until = 0;
      for (const Event &event : track.events) {
        EXPECT_GE(event.start, until - 1e-9);
        until = event.end();
        events[timeline.nameOf(event).str()] = event;
      }
    }
    ASSERT_EQ(events.size(), given.size());
    for (size_t task = 0; task < given.size(); ++task) {
      const Event &event = events["t" + std::to_string(task)];
      double slowest = event.kind == EventKind::Work ? 1.5 : 1.25;
      EXPECT_GE(event.duration, given[task].us - 1e-9);
      EXPECT_LE(event.duration, given[task].us * slowest + 1e-9);
      for (TaskId before : given[task].before)
        EXPECT_GE(event.start,
                  events["t" + std::to_string(before)].end() - 1e-9);
    }
    Timeline again = played(Contention(cost));
    EXPECT_EQ(again.makespan, timeline.makespan);
    EXPECT_EQ(starts(again), starts(timeline));
  }
}
