//===- PlanDocument.h - Plans as a report's document ------------*- C++ -*-===//
#ifndef VESCALE_TOOLS_VESCALE_PLAN_PLANDOCUMENT_H
#define VESCALE_TOOLS_VESCALE_PLAN_PLANDOCUMENT_H

#include "vescale/CostModel/Machine.h"
#include "vescale/Planner/Planner.h"
#include "llvm/Support/JSON.h"

namespace vescale {

/// The document of docs/Reference/plan-report.md of a search that found a plan.
llvm::json::Object planDocument(llvm::StringRef model,
                                const planner::PlanResult &result,
                                const Machine &machine);

/// `dp=32, tp=2, 2 micro-batches, ZeRO-2, recompute none`.
std::string describePlan(const planner::Candidate &plan);

/// `at least 12.0 % longer`, and the plan that comes nearest.
std::string reasonOf(const planner::Rejection &rejection,
                     const planner::PlanResult &result);
std::string nearestOf(const planner::Rejection &rejection);

} // namespace vescale

#endif // VESCALE_TOOLS_VESCALE_PLAN_PLANDOCUMENT_H
