//===- PlanWriter.h - Choices as a plan file --------------------*- C++ -*-===//
#ifndef VESCALE_LIB_PLANNER_MODEL_PLANWRITER_H
#define VESCALE_LIB_PLANNER_MODEL_PLANWRITER_H

#include "lib/Planner/Model/Chain.h"
#include "vescale/Planner/Planner.h"

namespace vescale::planner {

/// The layouts that the plan's choices give to what has a name, and which
/// layers are computed again. Stages end at the units `ends`.
void writePlan(const Program &program, const Chain &chain,
               const ChainPlan &plan, llvm::ArrayRef<unsigned> ends,
               const StageMesh &mesh, Candidate &candidate);

} // namespace vescale::planner

#endif // VESCALE_LIB_PLANNER_MODEL_PLANWRITER_H
