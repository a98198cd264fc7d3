//===- Tensor.cpp - The values of the reference interpreter -----*- C++ -*-===//

#include "vescale/Interpreter/Tensor.h"

using namespace mlir;
using namespace vescale;

Tensor::Tensor(ArrayRef<int64_t> shape, Type elementType, Element fill)
    : shape(shape), elementType(elementType),
      elements(ShapedType::getNumElements(shape), fill) {}

int64_t Tensor::offset(ArrayRef<int64_t> index) const {
  int64_t offset = 0;
  for (auto [position, size] : llvm::zip_equal(index, shape))
    offset = offset * size + position;
  return offset;
}

Tensor Tensor::reshaped(ArrayRef<int64_t> newShape) const {
  Tensor result = *this;
  result.shape.assign(newShape.begin(), newShape.end());
  return result;
}

Tensor Tensor::transposed(ArrayRef<int64_t> permutation) const {
  SmallVector<int64_t> newShape, from;
  SmallVector<int64_t> strides = rowMajorStrides(shape);
  for (int64_t dim : permutation) {
    newShape.push_back(shape[dim]);
    from.push_back(strides[dim]);
  }
  Tensor result(newShape, elementType);
  forEachIndex(newShape, [&](ArrayRef<int64_t> index, int64_t offset) {
    int64_t source = 0;
    for (auto [position, stride] : llvm::zip_equal(index, from))
      source += position * stride;
    result[offset] = elements[source];
  });
  return result;
}

SmallVector<int64_t> vescale::rowMajorStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size());
  int64_t stride = 1;
  for (size_t dim = shape.size(); dim-- > 0;) {
    strides[dim] = stride;
    stride *= shape[dim];
  }
  return strides;
}

void vescale::forEachIndex(
    ArrayRef<int64_t> shape,
    llvm::function_ref<void(ArrayRef<int64_t>, int64_t)> body) {
  int64_t count = ShapedType::getNumElements(shape);
  SmallVector<int64_t> index(shape.size(), 0);
  for (int64_t offset = 0; offset < count; ++offset) {
    body(index, offset);
    for (size_t dim = shape.size(); dim-- > 0;) {
      if (++index[dim] < shape[dim])
        break;
      index[dim] = 0;
    }
  }
}

DimView::DimView(ArrayRef<int64_t> shape, int64_t dim) {
  outer = ShapedType::getNumElements(shape.take_front(dim));
  size = shape[dim];
  inner = ShapedType::getNumElements(shape.drop_front(dim + 1));
}
