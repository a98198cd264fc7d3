//===- FeatureSlice.h - Parts of the last dimension -------------*- C++ -*-===//
//
// A slice of the last dimension, however far canonicalisation has moved it
// toward the producer: slice(transpose(x)) and transpose(slice(x)) are the same
// part of the same value if the transpose leaves the last dimension alone. One
// column of features that were split in two dimensions is a slice of them too.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_PASSES_PREPARE_FEATURESLICE_H
#define VESCALE_PASSES_PREPARE_FEATURESLICE_H

#include "dialects/Graph/Graph.h"

namespace vescale::prepare {

/// `count` of base's features, from `start` in steps of `stride`, moved by
/// reshapes and transposes that leave the last dimension alone.
struct FeatureSlice {
  /// A transpose's permutation, or a reshape's dimensions before the last.
  struct Move {
    bool isTranspose;
    llvm::SmallVector<int64_t> dims;
    bool operator==(const Move &other) const {
      return isTranspose == other.isTranspose && dims == other.dims;
    }
  };
  mlir::Value base;
  /// Features are the last two dimensions of base.
  bool isSplit = false;
  int64_t start = 0, count = 0, stride = 1;
  llvm::SmallVector<Move> moves; ///< In the order in which they are applied.

  static FeatureSlice of(mlir::Value value);

  bool sameSource(const FeatureSlice &other) const {
    return base == other.base && isSplit == other.isSplit &&
           moves == other.moves;
  }
  /// Takes over a column of the last dimension as a slice of the last two.
  bool readColumn();
  /// Whether this is elements first, first + step, … of `whole`.
  bool isPartOf(const FeatureSlice &whole, int64_t first, int64_t step,
                int64_t size) const;
  /// Makes the value that this describes.
  mlir::Value build(mlir::OpBuilder &builder, mlir::Location loc) const;
};

} // namespace vescale::prepare

#endif // VESCALE_PASSES_PREPARE_FEATURESLICE_H
