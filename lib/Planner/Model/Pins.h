//===- Pins.h - Layouts that the user has decided ---------------*- C++ -*-===//
//
// A `dist.seed` on an op, a parameter or an input, from a plan file or the IR.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_LIB_PLANNER_MODEL_PINS_H
#define VESCALE_LIB_PLANNER_MODEL_PINS_H

#include "lib/Planner/Model/Strategies.h"
#include "vescale/Planner/Planner.h"

namespace vescale::planner {

class Program;

/// Of the value, a parameter also where it is transposed or cast; or null.
dist::SeedAttr pinOf(mlir::Value value);

/// Whether the value may lie so, as far as the mesh has the axes: a layout over
/// an axis of one rank is whole.
bool isAllowed(mlir::Value value, dist::LayoutAttr layout,
               const StageMesh &mesh);

/// The value's layouts between ops and in its op's strategies: those that it
/// can be given by a pin.
llvm::SmallVector<dist::LayoutAttr>
possibleLayouts(mlir::Value value, const StageMesh &mesh,
                const graph::SampleDims &samples);

/// A layout as people read it: "[dp, -, tp]", "[-] partial over tp".
std::string printLayout(dist::LayoutAttr layout);

/// Adds the degrees of the mesh that comes with layouts in the program; fails
/// with a diagnostic if plans have no such axis, or the user decided otherwise.
llvm::LogicalResult readPinnedMesh(mlir::func::FuncOp func, PlanPins &pins);

/// Fails with a diagnostic that says why no plan has the layouts that were
/// decided.
llvm::LogicalResult explainPins(const Program &program, const StageMesh &mesh);

} // namespace vescale::planner

#endif // VESCALE_LIB_PLANNER_MODEL_PINS_H
