//===- Views.h - Strided views on buffers -----------------------*- C++ -*-===//
//
// What reshapes, transposes, slices and broadcasts of a dense tensor are, where
// they can be had without moving an element.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_PASSES_LOWER_VIEWS_H
#define VESCALE_PASSES_LOWER_VIEWS_H

#include "dialects/Graph/Graph.h"
#include <optional>

namespace vescale {

/// Elements of a dense tensor, the base: element (i0, i1, …) is the base's
/// element offset + Σ ik · strides[k].
struct View {
  mlir::Value base;
  llvm::SmallVector<int64_t> shape, strides;
  int64_t offset = 0;

  static View dense(mlir::Value base);
  /// Whether it is a dense block of the base.
  bool isDense() const;
  /// Whether it is the base under another shape.
  bool isWhole() const;

  std::optional<View> reshape(llvm::ArrayRef<int64_t> shape) const;
  View transpose(llvm::ArrayRef<int64_t> permutation) const;
};

/// The result of `op` as a view on its operand, given a view of the operand;
/// none if the op moves elements.
std::optional<View> viewThrough(mlir::Operation *op, const View &operand);

/// Whether `op` may be a view at all.
bool isViewOp(mlir::Operation *op);

/// A dimension that stands for several.
struct Extent {
  int64_t size = 1, stride = 0;
};
/// The dimensions of a view as one, in the order given; none if the steps
/// between their elements differ.
std::optional<Extent> collapse(const View &view, llvm::ArrayRef<int64_t> dims);

} // namespace vescale

#endif // VESCALE_PASSES_LOWER_VIEWS_H
