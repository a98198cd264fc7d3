//===- Explain.h - Why a tensor is laid out as it is ------------*- C++ -*-===//
#ifndef VESCALE_PLANNER_EXPLAIN_H
#define VESCALE_PLANNER_EXPLAIN_H

#include "vescale/Planner/Planner.h"

namespace vescale::planner {

/// A parameter's or an op's layout in a plan, and what else it could be.
/// Layouts as people read them: "[dp, -, tp]".
struct Explanation {
  struct Alternative {
    std::string layout;
    /// Whether a plan with this layout exists at all, and whether it fits.
    bool exists = false, fits = false;
    double step = 0;    // µs, simulated
    int64_t memory = 0; // bytes of the rank that needs the most
  };
  std::string layout;
  /// The best of all if memory were unlimited.
  std::string withoutLimit;
  std::vector<Alternative> alternatives; // the plan's own is among them
};

/// Plans once for each layout that the tensors named so can have at the plan's
/// degrees, with all else free. `name` is a glob over parameters and nodes. The
/// program is the same afterwards. Fails with a diagnostic where nothing has
/// the name.
llvm::FailureOr<Explanation> explainLayout(mlir::func::FuncOp forward,
                                           const Machine &machine,
                                           const PlanRequest &request,
                                           const Candidate &plan,
                                           llvm::StringRef name);

} // namespace vescale::planner

#endif // VESCALE_PLANNER_EXPLAIN_H
