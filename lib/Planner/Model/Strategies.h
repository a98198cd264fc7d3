//===- Strategies.h - The ways to compute an op on a mesh -------*- C++ -*-===//
//
// Samples lie over the axes `micro` (of time: the micro-batches of a step) and
// `dp`, wherever an op can compute them apart. What a plan chooses for each op
// is where the axis `tp` goes: to one of its factors, to none, or to partial
// sums that it hands on.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_LIB_PLANNER_MODEL_STRATEGIES_H
#define VESCALE_LIB_PLANNER_MODEL_STRATEGIES_H

#include "dialects/Dist/Legality.h"
#include "dialects/Graph/SampleDims.h"

namespace vescale::planner {

inline constexpr llvm::StringLiteral kMicroAxis = "micro";
inline constexpr llvm::StringLiteral kDataAxis = "dp";
inline constexpr llvm::StringLiteral kModelAxis = "tp";

/// The mesh of one pipeline stage.
struct StageMesh {
  StageMesh(mlir::MLIRContext *context, int64_t microBatches, int64_t dp,
            int64_t tp);

  dist::MeshAttr mesh;
  mlir::FlatSymbolRefAttr ref;
  /// Over which samples lie, major to minor; axes of size 1 are left out.
  dist::AxisList samples;
  /// `tp`, or null if it has size 1.
  dist::AxisRefAttr model;
  int64_t microBatches, dp, tp;
};

struct Strategy {
  dist::OpSharding sharding;
  llvm::SmallVector<dist::LayoutAttr, 3> operands;
  llvm::SmallVector<dist::LayoutAttr, 1> results;
  /// For each operand the axes over which its gradient is a partial sum.
  llvm::SmallVector<dist::AxisList, 3> gradients;
  /// The operand that arrives as a partial sum, which makes the result one: the
  /// compiler makes no sums partial in front of an op.
  std::optional<unsigned> partialFrom;
  /// Into how many parts the op's work is cut.
  int64_t split = 1;
};

/// All of them, that without `tp` first.
std::vector<Strategy> strategiesOf(dist::ShardableOpInterface op,
                                   const StageMesh &mesh,
                                   const graph::SampleDims &samples);

/// The layouts that a value may lie in between ops: its samples over the mesh,
/// whole over `tp` (the first), or one dimension over it.
llvm::SmallVector<dist::LayoutAttr> formsOf(mlir::Value value,
                                            const StageMesh &mesh,
                                            const graph::SampleDims &samples);

} // namespace vescale::planner

#endif // VESCALE_LIB_PLANNER_MODEL_STRATEGIES_H
