//===- Bundles.h - Groups that one kernel computes --------------*- C++ -*-===//
//
// A *bundle* is a run of groups of one shape that one kernel computes, element
// by element: an optimizer's new moments and weight, from one reading of the
// gradient. Terms are those of Fusion.h.
//
// A group joins the bundle of the one before it if
//  1. no step comes between them, and both are loops over points alone;
//  2. it reads an element of the bundle's roots, or of what they read;
//  3. roots of the bundle, and parameters that one of them is written over, are
//     read nowhere but at the place of the element that is computed: the kernel
//     computes an element of every root before it writes any.
//
// A root that only its bundle reads is not written.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_PASSES_LOWER_BUNDLES_H
#define VESCALE_PASSES_LOWER_BUNDLES_H

#include "passes/Lower/Fusion.h"

namespace vescale {

struct Bundle {
  /// In program order.
  llvm::SmallVector<mlir::Value> roots;
  llvm::DenseSet<mlir::Value> unwritten;
};

class Bundles {
public:
  /// `overwritten` maps roots to the parameters that they are written over.
  Bundles(mlir::func::FuncOp func, const FusionPlan &plan,
          const llvm::DenseMap<mlir::Value, mlir::Value> &overwritten);

  /// The bundle that ends with `root`, at which its kernel stands; null if
  /// `root` is in a bundle that ends later.
  const Bundle *endingWith(mlir::Value root) const;

private:
  /// What a group reads from memory, or from its bundle.
  struct Reads {
    llvm::SetVector<mlir::Value> bases;
    /// Those of which it reads other elements than the one at its place.
    llvm::DenseSet<mlir::Value> elsewhere;
  };

  void visit(mlir::Operation *op);
  /// Whether the group is a loop over points; collects what it reads.
  bool isPointwise(const Group &group, Reads &reads) const;
  bool collect(mlir::Operation *op, bool inPlace, Reads &reads) const;
  bool joins(mlir::Value root, const Reads &reads) const;
  void close();
  bool isReadOutside(mlir::Value value) const;

  const FusionPlan &plan;
  const llvm::DenseMap<mlir::Value, mlir::Value> &overwritten;
  /// The bundle at hand, and what its groups read.
  Bundle current;
  llvm::SmallVector<Reads> currentReads;
  llvm::DenseMap<mlir::Value, Bundle> ending;
};

} // namespace vescale

#endif // VESCALE_PASSES_LOWER_BUNDLES_H
