//===- Tensor.h - The values of the reference interpreter -------*- C++ -*-===//
//
// A dense row-major tensor whose elements are 8-byte words; what a word means
// is up to the element type and the arithmetic (Arithmetic.h).
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_INTERPRETER_TENSOR_H
#define VESCALE_INTERPRETER_TENSOR_H

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <vector>

namespace vescale {

/// One element. Integers are held sign-extended, truth values as 0 or 1, floats
/// as the arithmetic has them.
using Element = uint64_t;

class Tensor {
public:
  Tensor() = default;
  Tensor(llvm::ArrayRef<int64_t> shape, mlir::Type elementType,
         Element fill = 0);
  explicit Tensor(mlir::RankedTensorType type, Element fill = 0)
      : Tensor(type.getShape(), type.getElementType(), fill) {}

  llvm::ArrayRef<int64_t> getShape() const { return shape; }
  int64_t getRank() const { return shape.size(); }
  int64_t getDim(int64_t dim) const { return shape[dim]; }
  mlir::Type getElementType() const { return elementType; }
  int64_t getNumElements() const { return elements.size(); }

  Element &operator[](int64_t offset) { return elements[offset]; }
  Element operator[](int64_t offset) const { return elements[offset]; }
  Element *data() { return elements.data(); }
  const Element *data() const { return elements.data(); }

  /// The element at an index of as many positions as there are dimensions.
  Element &at(llvm::ArrayRef<int64_t> index) { return (*this)[offset(index)]; }
  Element at(llvm::ArrayRef<int64_t> index) const {
    return (*this)[offset(index)];
  }
  int64_t offset(llvm::ArrayRef<int64_t> index) const;

  /// The same elements under another shape of the same size.
  Tensor reshaped(llvm::ArrayRef<int64_t> newShape) const;
  /// Dimension i of the copy is dimension `permutation[i]` of this.
  Tensor transposed(llvm::ArrayRef<int64_t> permutation) const;

  bool operator==(const Tensor &other) const {
    return shape == other.shape && elementType == other.elementType &&
           elements == other.elements;
  }

private:
  llvm::SmallVector<int64_t> shape;
  mlir::Type elementType;
  std::vector<Element> elements;
};

/// Distances between neighbours along each dimension, row-major.
llvm::SmallVector<int64_t> rowMajorStrides(llvm::ArrayRef<int64_t> shape);

/// Calls `body` with each index of the shape in row-major order and its offset.
void forEachIndex(
    llvm::ArrayRef<int64_t> shape,
    llvm::function_ref<void(llvm::ArrayRef<int64_t>, int64_t)> body);

/// A tensor seen as outer × size × inner around one dimension: the offset of
/// (o, i, k) is (o · size + i) · inner + k.
struct DimView {
  int64_t outer = 1, size = 1, inner = 1;
  DimView(llvm::ArrayRef<int64_t> shape, int64_t dim);
  int64_t offset(int64_t o, int64_t i, int64_t k) const {
    return (o * size + i) * inner + k;
  }
};

} // namespace vescale

#endif // VESCALE_INTERPRETER_TENSOR_H
