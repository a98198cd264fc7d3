//===- Schedule.cpp - In which order stages do what -------------*- C++ -*-===//
//
// All three are of one form: a stage has an order of forwards and an order of
// backwards; it does some forwards to warm up, then one of each in turn while
// there are forwards, then the backwards that are left.
//
//===----------------------------------------------------------------------===//
#include "vescale/Simulator/Schedule.h"
#include <algorithm>

using namespace vescale::simulator;

llvm::StringRef vescale::simulator::stringify(ScheduleKind kind) {
  switch (kind) {
  case ScheduleKind::GPipe:
    return "gpipe";
  case ScheduleKind::OneForwardOneBackward:
    return "1f1b";
  case ScheduleKind::Interleaved:
    return "interleaved";
  }
  llvm_unreachable("all kinds have a name");
}

static llvm::Error check(ScheduleKind kind, const ScheduleShape &shape) {
  auto refuse = [&](const char *why, auto... numbers) {
    return llvm::createStringError(
        ("schedule '" + stringify(kind).str() + "' " + why).c_str(),
        numbers...);
  };
  if (shape.stages == 0 || shape.microBatches == 0 || shape.chunks == 0)
    return refuse("needs one stage, one micro-batch and one chunk at least, "
                  "not %u, %u and %u",
                  shape.stages, shape.microBatches, shape.chunks);
  if (shape.chunks > 0xffff)
    return refuse("takes up to 65535 chunks, not %u", shape.chunks);
  if (kind != ScheduleKind::Interleaved && shape.chunks > 1)
    return refuse("has one chunk a stage, not %u: take 'interleaved'",
                  shape.chunks);
  if (kind == ScheduleKind::Interleaved && shape.chunks < 2)
    return refuse("needs two chunks a stage at least: take '1f1b' for one");
  if (kind == ScheduleKind::Interleaved && shape.microBatches < shape.stages)
    return refuse("needs as many micro-batches as stages, and has %u for %u: "
                  "take more micro-batches, fewer stages or '1f1b'",
                  shape.microBatches, shape.stages);
  return llvm::Error::success();
}

/// How many groups micro-batches go through the chunks in.
static unsigned numGroups(const ScheduleShape &shape) {
  return shape.chunks > 1 ? shape.microBatches / shape.stages : 1;
}

/// How many forwards come before the first backward.
static unsigned warmUp(ScheduleKind kind, const ScheduleShape &shape,
                       unsigned stage) {
  unsigned all = shape.microBatches * shape.chunks,
           behind = shape.stages - 1 - stage;
  switch (kind) {
  case ScheduleKind::GPipe:
    return all;
  case ScheduleKind::OneForwardOneBackward:
    return std::min(all, behind);
  case ScheduleKind::Interleaved: {
    // The first backward is of the last chunk, which waits for a group in each
    // of the others; and a stage starts two actions after the next one, for the
    // way forward and back.
    unsigned groups = numGroups(shape);
    unsigned largest = (shape.microBatches + groups - 1) / groups;
    return std::min(all, 2 * behind + (shape.chunks - 1) * largest);
  }
  }
  llvm_unreachable("all kinds warm up");
}

/// All chunks of all micro-batches, group by group.
static std::vector<Action> allOf(Action::Kind kind,
                                 const ScheduleShape &shape) {
  std::vector<Action> actions;
  unsigned groups = numGroups(shape);
  auto firstOf = [&](uint64_t group) -> uint32_t {
    return group * shape.microBatches / groups;
  };
  for (unsigned group = 0; group < groups; ++group)
    for (unsigned i = 0; i < shape.chunks; ++i) {
      uint16_t chunk = kind == Action::Forward ? i : shape.chunks - 1 - i;
      for (uint32_t one = firstOf(group); one < firstOf(group + 1); ++one)
        actions.push_back({kind, chunk, one});
    }
  return actions;
}

llvm::Expected<std::vector<std::vector<Action>>>
vescale::simulator::makeSchedule(ScheduleKind kind,
                                 const ScheduleShape &shape) {
  if (llvm::Error error = check(kind, shape))
    return error;
  std::vector<Action> forward = allOf(Action::Forward, shape),
                      backward = allOf(Action::Backward, shape);
  std::vector<std::vector<Action>> stages(shape.stages);
  for (unsigned stage = 0; stage < shape.stages; ++stage) {
    std::vector<Action> &actions = stages[stage];
    size_t ahead = warmUp(kind, shape, stage);
    actions.assign(forward.begin(), forward.begin() + ahead);
    for (size_t i = 0; i < backward.size(); ++i) {
      if (ahead + i < forward.size())
        actions.push_back(forward[ahead + i]);
      actions.push_back(backward[i]);
    }
  }
  return stages;
}

unsigned vescale::simulator::mostInFlight(ScheduleKind kind,
                                          const ScheduleShape &shape,
                                          unsigned stage) {
  return std::min(shape.microBatches * shape.chunks,
                  warmUp(kind, shape, stage) + 1);
}
