//===- PlanReportParts.h - Parts of a plan report ---------------*- C++ -*-===//
//
// What the cost model, the simulator and a run's files say, as a plan report
// has it.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_REPORT_PLANREPORTPARTS_H
#define VESCALE_REPORT_PLANREPORTPARTS_H

#include "vescale/CostModel/Machine.h"
#include "vescale/Simulator/Timeline.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <optional>

namespace vescale {

/// The field "cluster".
llvm::json::Object clusterReport(const Machine &machine);

/// How a rank of a simulation is called, and how many it stands for.
struct ShownRank {
  std::string name;
  std::optional<int64_t> stage;
  int64_t ranks = 1;
};

/// A plan's field "timeline". `shown` has an entry for each of its ranks; links
/// that belong to no rank come last, as one called "links".
llvm::json::Object timelineReport(const simulator::Timeline &timeline,
                                  llvm::ArrayRef<ShownRank> shown);

/// What a training program wrote; either may be empty.
struct RunFiles {
  llvm::StringRef trace; ///< The text of the --trace file.
  llvm::StringRef log;   ///< The text of the --log file.
};

/// The field "measured", of the plan of this number: by the log the median
/// step and memory, by the trace what the last step consists of.
llvm::Expected<llvm::json::Object> measuredReport(const RunFiles &files,
                                                  int64_t plan);

} // namespace vescale

#endif // VESCALE_REPORT_PLANREPORTPARTS_H
