//===- KnownValues.h - Tensors known when compiling -------------*- C++ -*-===//
#ifndef VESCALE_PASSES_PREPARE_KNOWNVALUES_H
#define VESCALE_PASSES_PREPARE_KNOWNVALUES_H

#include "dialects/Graph/Graph.h"
#include <memory>
#include <vector>

namespace vescale::prepare {

/// Elements through strides; a dimension along which they repeat has stride 0.
struct KnownView {
  std::shared_ptr<const std::vector<double>> data;
  int64_t offset = 0;
  llvm::SmallVector<int64_t> strides;

  double at(llvm::ArrayRef<int64_t> index) const {
    int64_t place = offset;
    for (auto [stride, i] : llvm::zip_equal(strides, index))
      place += stride * i;
    return (*data)[place];
  }
};

/// Computes expressions over constants and indices, so that masks are known by
/// what they hold, however they are spelled. Repetition is not computed, so the
/// cost is that of the distinct elements. Truth values are 0 and 1.
class KnownValues {
public:
  /// Whether the value depends on constants and indices only, through ops that
  /// this class computes, and is of reasonable size.
  bool isKnown(mlir::Value value);

  /// The elements of a known value.
  KnownView read(mlir::Value value);
  /// The same under another shape of as many elements.
  KnownView read(mlir::Value value, llvm::ArrayRef<int64_t> shape);

private:
  llvm::SmallVector<KnownView> readOperands(mlir::Operation *op);
  KnownView compute(mlir::Value value);
  KnownView elementwise(mlir::Operation *op);

  llvm::DenseMap<mlir::Value, bool> known;
  llvm::DenseMap<mlir::Value, KnownView> views;
};

} // namespace vescale::prepare

#endif // VESCALE_PASSES_PREPARE_KNOWNVALUES_H
