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
#include <optional>
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

/// What of a training step is stored in shards, beyond what computations need.
struct StoragePlan {
  /// 0 nothing, 1 the optimizer's state, 2 the sums of gradients too, 3 the
  /// parameters too (Rajbhandari et al., ZeRO, 2020).
  int64_t zero = 0;
  /// Over which axes, major to minor: "dp" or "dp:(2)2".
  std::vector<std::string> axes = {"dp"};
};

/// What of a training step is computed again where the backward program reads
/// it, instead of being kept.
struct RecomputePlan {
  enum Kind { None, Selective, Full, Listed };
  Kind kind = None;
  /// If listed: globs over the names of the author's modules and of nodes.
  std::vector<std::string> names;

  bool operator==(const RecomputePlan &other) const {
    return kind == other.kind && names == other.names;
  }
};

struct PlanFile {
  struct Entry {
    /// A glob over the names of parameters, inputs, outputs and ops.
    std::string match;
    /// For each dimension the axes, major to minor: "tp" or "tp:(1)2".
    std::vector<std::vector<std::string>> dims;
    /// The axes over which the value is partial, with "sum", "max" or "min".
    std::vector<std::pair<std::string, std::string>> partial;
    /// Attention and its gradient may be computed so where that sends less;
    /// nothing spreads from it.
    bool offer = false;
  };
  /// Axes and sizes, slowest first.
  std::vector<std::pair<std::string, int64_t>> mesh;
  std::vector<Entry> layouts;
  /// Of training steps; null where the plan says nothing.
  std::optional<StoragePlan> storage;
  std::optional<RecomputePlan> recompute;
  std::optional<int64_t> microBatches;
};

/// Reads a plan. Errors name the file, the entry and what is wrong with it.
llvm::Expected<PlanFile> parsePlan(llvm::StringRef text, llvm::StringRef file);
llvm::Expected<PlanFile> readPlan(llvm::StringRef file);
/// `dp=2,tp=2` as a plan without layouts.
llvm::Expected<PlanFile> parseMesh(llvm::StringRef text);
/// `none`, `selective`, `full`, or globs as in `h.0.mlp,h.1.*`.
llvm::Expected<RecomputePlan> parseRecompute(llvm::StringRef text);
/// As parseRecompute() reads it.
std::string printRecompute(const RecomputePlan &plan);
/// The plan as JSON; parsePlan() reads back the same.
std::string printPlan(const PlanFile &plan);

/// What a flag or the field of a plan file says; null where neither does. An
/// error names both where they contradict each other.
template <typename T>
llvm::Expected<std::optional<T>>
agree(const llvm::Twine &flag, const std::optional<T> &fromFlag,
      const llvm::Twine &field, const std::optional<T> &fromPlan) {
  if (fromFlag && fromPlan && !(*fromFlag == *fromPlan))
    return llvm::createStringError(flag + " contradicts " + field +
                                   "; say it in one place");
  return fromFlag ? fromFlag : fromPlan;
}

/// The mesh as an attribute.
dist::MeshAttr toMesh(const PlanFile &plan, mlir::MLIRContext *context);
/// The axes of one dimension as an attribute; an error names a bad axis.
llvm::Expected<dist::AxesAttr> toAxes(const std::vector<std::string> &axes,
                                      dist::MeshAttr mesh);
/// The axes as plan files and manifests spell them.
std::vector<std::string> axisNames(dist::AxesAttr axes);

} // namespace vescale

#endif // VESCALE_PLANNER_PLANFILE_H
