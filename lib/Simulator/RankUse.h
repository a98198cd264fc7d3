//===- RankUse.h - What ranks do with time and memory -----------*- C++ -*-===//
#ifndef VESCALE_LIB_SIMULATOR_RANKUSE_H
#define VESCALE_LIB_SIMULATOR_RANKUSE_H

#include "vescale/Simulator/TaskGraph.h"

namespace vescale::simulator {

/// Fills in the rank's memory over time from what it holds at first and the
/// changes, in any order. What is given back at a time is free for what is
/// taken then.
void addUpMemory(RankUse &use, int64_t held,
                 std::vector<RankUse::MemoryPoint> &changes);

/// Fills in the times of all ranks.
void addUpTime(Timeline &timeline);

} // namespace vescale::simulator

#endif // VESCALE_LIB_SIMULATOR_RANKUSE_H
