//===- PlanTable.h - A plan as people read it -------------------*- C++ -*-===//
#ifndef VESCALE_TOOLS_VESCALE_PLAN_PLANTABLE_H
#define VESCALE_TOOLS_VESCALE_PLAN_PLANTABLE_H

#include "vescale/Planner/Explain.h"
#include "llvm/Support/JSON.h"

namespace vescale {

/// The plan, its certificate and those near it.
void printPlanTable(const planner::PlanResult &result, llvm::raw_ostream &os);
/// What the two plans differ in, the first one's figures first.
void printDifference(const planner::Candidate &one,
                     const planner::Candidate &other, llvm::raw_ostream &os);
/// Why a tensor is laid out so: what else it could be, and what decided.
void printExplanation(llvm::StringRef name,
                      const planner::Explanation &explanation,
                      int64_t memoryLimit, llvm::raw_ostream &os);
llvm::json::Object explanationJson(llvm::StringRef name,
                                   const planner::Explanation &explanation);
/// The same as printPlanTable() for machines. Times in µs, sizes in bytes.
llvm::json::Object planJson(const planner::PlanResult &result);

} // namespace vescale

#endif // VESCALE_TOOLS_VESCALE_PLAN_PLANTABLE_H
