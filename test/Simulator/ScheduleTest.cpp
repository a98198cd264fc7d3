//===- ScheduleTest.cpp - Orders of actions, against the theory -*- C++ -*-===//

#include "vescale/Simulator/Schedule.h"
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>

using namespace vescale::simulator;

static std::vector<std::vector<Action>> made(ScheduleKind kind,
                                             const ScheduleShape &shape) {
  auto schedule = makeSchedule(kind, shape);
  EXPECT_TRUE(bool(schedule));
  return std::move(*schedule);
}

/// As text: F and B, chunk where there are several, micro-batch.
static std::string print(const std::vector<Action> &actions, unsigned chunks) {
  std::string text;
  for (const Action &action : actions) {
    text += text.empty() ? "" : " ";
    text += action.kind == Action::Forward ? 'F' : 'B';
    if (chunks > 1)
      text += static_cast<char>('a' + action.chunk);
    text += std::to_string(action.microBatch);
  }
  return text;
}

TEST(Schedule, GPipe) {
  for (const auto &actions : made(ScheduleKind::GPipe, {2, 3, 1}))
    EXPECT_EQ(print(actions, 1), "F0 F1 F2 B0 B1 B2");
}

TEST(Schedule, OneForwardOneBackward) {
  auto schedule = made(ScheduleKind::OneForwardOneBackward, {3, 4, 1});
  EXPECT_EQ(print(schedule[0], 1), "F0 F1 F2 B0 F3 B1 B2 B3");
  EXPECT_EQ(print(schedule[1], 1), "F0 F1 B0 F2 B1 F3 B2 B3");
  EXPECT_EQ(print(schedule[2], 1), "F0 B0 F1 B1 F2 B2 F3 B3");
}

/// Two stages, two chunks, four micro-batches: warm-up 4 and 2 (Narayanan et
/// al. 2021: 2 (p - s - 1) + (v - 1) p).
TEST(Schedule, Interleaved) {
  auto schedule = made(ScheduleKind::Interleaved, {2, 4, 2});
  EXPECT_EQ(print(schedule[0], 2),
            "Fa0 Fa1 Fb0 Fb1 Fa2 Bb0 Fa3 Bb1 Fb2 Ba0 Fb3 Ba1 Bb2 Bb3 Ba2 Ba3");
  EXPECT_EQ(print(schedule[1], 2),
            "Fa0 Fa1 Fb0 Bb0 Fb1 Bb1 Fa2 Ba0 Fa3 Ba1 Fb2 Bb2 Fb3 Bb3 Ba2 Ba3");
}

/// Five micro-batches on two stages go as a group of two and one of three.
TEST(Schedule, UnevenGroups) {
  auto schedule = made(ScheduleKind::Interleaved, {2, 5, 2});
  EXPECT_EQ(print(schedule[1], 2), "Fa0 Fa1 Fb0 Fb1 Bb0 Fa2 Bb1 Fa3 Ba0 Fa4 "
                                   "Ba1 Fb2 Bb2 Fb3 Bb3 Fb4 Bb4 Ba2 Ba3 Ba4");
}

TEST(Schedule, RefusesByName) {
  auto refusal = [](ScheduleKind kind, const ScheduleShape &shape) {
    auto schedule = makeSchedule(kind, shape);
    return schedule ? "" : llvm::toString(schedule.takeError());
  };
  EXPECT_EQ(refusal(ScheduleKind::Interleaved, {4, 3, 2}),
            "schedule 'interleaved' needs as many micro-batches as stages, and "
            "has 3 for 4: take more micro-batches, fewer stages or '1f1b'");
  EXPECT_EQ(refusal(ScheduleKind::Interleaved, {4, 8, 1}),
            "schedule 'interleaved' needs two chunks a stage at least: take "
            "'1f1b' for one");
  EXPECT_EQ(refusal(ScheduleKind::GPipe, {4, 8, 2}),
            "schedule 'gpipe' has one chunk a stage, not 2: take "
            "'interleaved'");
  EXPECT_EQ(refusal(ScheduleKind::OneForwardOneBackward, {0, 8, 1}),
            "schedule '1f1b' needs one stage, one micro-batch and one chunk at "
            "least, not 0, 8 and 1");
}

namespace {
/// Plays the lists without a clock: an action goes when what it needs is there.
class Replay {
public:
  Replay(const std::vector<std::vector<Action>> &schedule,
         const ScheduleShape &shape)
      : schedule(schedule), shape(shape) {}

  /// Each action was done once, none waited forever.
  void expectComplete() {
    std::vector<size_t> next(shape.stages, 0);
    bool moved = true;
    while (moved) {
      moved = false;
      for (unsigned stage = 0; stage < shape.stages; ++stage)
        while (next[stage] < schedule[stage].size() &&
               canAct(stage, schedule[stage][next[stage]])) {
          const Action &action = schedule[stage][next[stage]++];
          EXPECT_TRUE(done[action.kind]
                          .insert({placeOf(stage, action), action.microBatch})
                          .second);
          moved = true;
        }
    }
    size_t each = size_t(shape.stages) * shape.chunks * shape.microBatches;
    EXPECT_EQ(done[Action::Forward].size(), each);
    EXPECT_EQ(done[Action::Backward].size(), each);
  }

  unsigned mostInFlight(unsigned stage) const {
    int inFlight = 0, most = 0;
    for (const Action &action : schedule[stage]) {
      inFlight += action.kind == Action::Forward ? 1 : -1;
      EXPECT_GE(inFlight, 0);
      most = std::max(most, inFlight);
    }
    return most;
  }

private:
  unsigned placeOf(unsigned stage, const Action &action) const {
    return action.chunk * shape.stages + stage;
  }
  bool canAct(unsigned stage, const Action &action) const {
    unsigned place = placeOf(stage, action), one = action.microBatch;
    if (action.kind == Action::Forward)
      return place == 0 || done[Action::Forward].count({place - 1, one});
    return done[Action::Forward].count({place, one}) &&
           (place + 1 == shape.stages * shape.chunks ||
            done[Action::Backward].count({place + 1, one}));
  }

  const std::vector<std::vector<Action>> &schedule;
  ScheduleShape shape;
  std::set<std::pair<unsigned, unsigned>> done[2];
};
} // namespace

TEST(Schedule, AllShapesRunThroughAndHoldWhatTheoryAllows) {
  for (auto kind : {ScheduleKind::GPipe, ScheduleKind::OneForwardOneBackward,
                    ScheduleKind::Interleaved})
    for (unsigned stages = 1; stages <= 7; ++stages)
      for (unsigned microBatches = 1; microBatches <= 23; ++microBatches)
        for (unsigned chunks = 1; chunks <= 5; ++chunks) {
          bool interleaves = kind == ScheduleKind::Interleaved;
          if (interleaves != (chunks > 1) ||
              (interleaves && microBatches < stages))
            continue;
          ScheduleShape shape{stages, microBatches, chunks};
          SCOPED_TRACE(stringify(kind).str() + " " + std::to_string(stages) +
                       " " + std::to_string(microBatches) + " " +
                       std::to_string(chunks));
          auto schedule = made(kind, shape);
          Replay replay(schedule, shape);
          replay.expectComplete();
          for (unsigned stage = 0; stage < stages; ++stage) {
            unsigned behind = stages - stage, most = 0;
            if (kind == ScheduleKind::GPipe)
              most = microBatches;
            else if (!interleaves)
              most = std::min(microBatches, behind);
            else if (microBatches % stages == 0)
              most = std::min(microBatches * chunks,
                              2 * (behind - 1) + (chunks - 1) * stages + 1);
            else
              most = mostInFlight(kind, shape, stage);
            EXPECT_EQ(replay.mostInFlight(stage), most);
            EXPECT_EQ(mostInFlight(kind, shape, stage), most);
          }
        }
}
