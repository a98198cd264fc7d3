//===- Elements.h - Arithmetic on constant tensors --------------*- C++ -*-===//
//
// Folding computes on splats, and on constants up to a size at which the result
// is cheaper to keep than the op.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_DIALECTS_GRAPH_FOLD_ELEMENTS_H
#define VESCALE_DIALECTS_GRAPH_FOLD_ELEMENTS_H

#include "dialects/Graph/Graph.h"

namespace vescale::graph {

/// Results of more elements are computed only where they are splats.
inline constexpr int64_t kMaxFoldedElements = 4096;

/// The elements of a constant: numbers for floats, else integers (0 or 1 for
/// i1). A splat has one element.
struct ConstantElements {
  mlir::RankedTensorType type;
  bool splat = false;
  llvm::SmallVector<double, 4> floats;
  llvm::SmallVector<int64_t, 4> ints;

  bool isFloat() const {
    return mlir::isa<mlir::FloatType>(type.getElementType());
  }
  double number(int64_t index) const;
  int64_t integer(int64_t index) const { return ints[splat ? 0 : index]; }

  /// Fails for null, for types with a layout and for non-splats above the
  /// limit.
  static std::optional<ConstantElements>
  read(mlir::Attribute value, int64_t limit = kMaxFoldedElements);
};

/// Makes a constant of `type`, computing each element, or a single one if all
/// operands are splats. `compute` takes the element's index. Floats are
/// rounded, integers wrapped to the element type. Null for types with a layout.
mlir::Attribute foldFloats(mlir::RankedTensorType type,
                           llvm::ArrayRef<ConstantElements> operands,
                           llvm::function_ref<double(int64_t)> compute);
mlir::Attribute foldInts(mlir::RankedTensorType type,
                         llvm::ArrayRef<ConstantElements> operands,
                         llvm::function_ref<int64_t(int64_t)> compute);

/// The number that all elements of a constant are; nullopt if they differ, for
/// null and for types that are not numbers.
std::optional<double> splatNumber(mlir::Attribute value);

} // namespace vescale::graph

#endif // VESCALE_DIALECTS_GRAPH_FOLD_ELEMENTS_H
