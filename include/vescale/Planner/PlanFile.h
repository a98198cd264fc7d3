//===- PlanFile.h - Plans as people write and read them ---------*- C++ -*-===//
//
// The JSON plan file (docs/Reference/plan-file.md): a mesh, and layouts for the
// tensors that patterns match.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_PLANNER_PLANFILE_H
#define VESCALE_PLANNER_PLANFILE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <utility>
#include <vector>

namespace mlir {
class MLIRContext;
} // namespace mlir

namespace vescale::dist {
class AxesAttr;
class MeshAttr;
} // namespace vescale::dist

namespace vescale {

struct PlanFile {
  struct Entry {
    /// A glob over the names of parameters, inputs, outputs and ops.
    std::string match;
    /// For each dimension the axes, major to minor: "tp" or "tp:(1)2".
    std::vector<std::vector<std::string>> dims;
    /// The axes over which the value is partial, with "sum", "max" or "min".
    std::vector<std::pair<std::string, std::string>> partial;
  };
  /// Axes and sizes, slowest first.
  std::vector<std::pair<std::string, int64_t>> mesh;
  std::vector<Entry> layouts;
};

/// Reads a plan. Errors name the file, the entry and what is wrong with it.
llvm::Expected<PlanFile> parsePlan(llvm::StringRef text, llvm::StringRef file);
llvm::Expected<PlanFile> readPlan(llvm::StringRef file);
/// `dp=2,tp=2` as a plan without layouts.
llvm::Expected<PlanFile> parseMesh(llvm::StringRef text);
/// The plan as JSON; parsePlan() reads back the same.
std::string printPlan(const PlanFile &plan);

/// The mesh as an attribute.
dist::MeshAttr toMesh(const PlanFile &plan, mlir::MLIRContext *context);
/// The axes of one dimension as an attribute; an error names a bad axis.
llvm::Expected<dist::AxesAttr> toAxes(const std::vector<std::string> &axes,
                                      dist::MeshAttr mesh);
/// The axes as plan files and manifests spell them.
std::vector<std::string> axisNames(dist::AxesAttr axes);

} // namespace vescale

#endif // VESCALE_PLANNER_PLANFILE_H
