//===- RankProgramTimes.h - How long a step takes ---------------*- C++ -*-===//
#ifndef VESCALE_LIB_SIMULATOR_RANKPROGRAMTIMES_H
#define VESCALE_LIB_SIMULATOR_RANKPROGRAMTIMES_H

#include "lib/Simulator/RankProgramCache.h"
#include "vescale/CostModel/Machine.h"

namespace vescale::simulator {

struct StepTime {
  double us = 0;
  std::string why; ///< The sizes that it comes from, for people.
};

/// Of a step that is no collective.
StepTime timeOf(const StepWork &work, const Traffic &traffic,
                const Traffic &epilogue, const Machine &machine);

/// Of the whole transfer, alone on its links.
StepTime transferTime(rank::CollectiveOp op, const Machine &machine);

/// What one member sends to each other one.
int64_t bytesToEach(rank::CollectiveOp op);

/// Why the machine file can't say how long the step takes; empty if it can.
std::string findMissing(const StepWork &work, const Machine &machine);

} // namespace vescale::simulator

#endif // VESCALE_LIB_SIMULATOR_RANKPROGRAMTIMES_H
