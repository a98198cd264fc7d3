//===- PlanDiff.h - What two plans say differently --------------*- C++ -*-===//
#ifndef VESCALE_PLANNER_PLANDIFF_H
#define VESCALE_PLANNER_PLANDIFF_H

#include "vescale/Planner/PlanFile.h"

namespace vescale {

/// Prints what one plan says and the other does not, as lines that begin with
/// `-` and `+`; what changes alike in many layers once, with how many. Returns
/// whether they differ.
bool printPlanDiff(const PlanFile &a, const PlanFile &b, llvm::raw_ostream &os);

} // namespace vescale

#endif // VESCALE_PLANNER_PLANDIFF_H
