//===- Rejected.h - Why a plan decides no other way -------------*- C++ -*-===//
#ifndef VESCALE_LIB_PLANNER_MODEL_REJECTED_H
#define VESCALE_LIB_PLANNER_MODEL_REJECTED_H

#include "lib/Planner/Model/PointSolver.h"

namespace vescale::planner {

/// The decisions next to those of the best plan that none of the result's
/// candidates has, by what bounds say of all plans that do. `bounds` is what
/// the search knows of each solver's point.
std::vector<Rejection>
findRejected(const SearchSpace &space,
             llvm::ArrayRef<std::unique_ptr<PointSolver>> solvers,
             llvm::ArrayRef<double> bounds, const PlanResult &result);

} // namespace vescale::planner

#endif // VESCALE_LIB_PLANNER_MODEL_REJECTED_H
