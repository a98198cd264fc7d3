//===- Views.cpp - Strided views on buffers ---------------------*- C++ -*-===//

#include "passes/Lower/Views.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

View View::dense(Value base) {
  ArrayRef<int64_t> shape = shapeOf(base);
  return {base, SmallVector<int64_t>(shape), computeStrides(shape), 0};
}

bool View::isDense() const {
  int64_t expected = 1;
  for (size_t dim = shape.size(); dim-- > 0;) {
    if (shape[dim] != 1 && strides[dim] != expected)
      return false;
    expected *= shape[dim];
  }
  return true;
}

bool View::isWhole() const {
  return isDense() && offset == 0 &&
         typeOf(base).getNumElements() == computeProduct(shape);
}

std::optional<Extent> vescale::collapse(const View &view,
                                        ArrayRef<int64_t> dims) {
  Extent extent;
  for (int64_t dim : llvm::reverse(dims)) {
    if (view.shape[dim] == 1)
      continue;
    if (extent.size == 1)
      extent.stride = view.strides[dim];
    else if (view.strides[dim] != extent.size * extent.stride)
      return std::nullopt;
    extent.size *= view.shape[dim];
  }
  return extent;
}

std::optional<View> View::reshape(ArrayRef<int64_t> to) const {
  if (llvm::is_contained(to, 0))
    return std::nullopt;
  // Groups of dimensions with the same number of elements: each must be one
  // evenly strided dimension, which is then cut anew.
  View result{base, SmallVector<int64_t>(to), SmallVector<int64_t>(to.size()),
              offset};
  size_t f = 0, t = 0;
  while (f < shape.size() || t < to.size()) {
    SmallVector<int64_t> from;
    size_t start = t;
    int64_t fromCount = 1, toCount = 1;
    if (f < shape.size()) {
      fromCount = shape[f];
      from.push_back(f++);
    }
    if (t < to.size())
      toCount = to[t++];
    while (fromCount != toCount) {
      if (fromCount < toCount) {
        fromCount *= shape[f];
        from.push_back(f++);
      } else {
        toCount *= to[t++];
      }
    }
    std::optional<Extent> extent = collapse(*this, from);
    if (!extent)
      return std::nullopt;
    int64_t stride = extent->stride;
    for (size_t dim = t; dim-- > start;) {
      result.strides[dim] = stride;
      stride *= to[dim];
    }
  }
  return result;
}

View View::transpose(ArrayRef<int64_t> permutation) const {
  View result = *this;
  for (auto [dim, from] : llvm::enumerate(permutation)) {
    result.shape[dim] = shape[from];
    result.strides[dim] = strides[from];
  }
  return result;
}

bool vescale::isViewOp(Operation *op) {
  return isa_and_nonnull<ReshapeOp, TransposeOp, SliceOp, BroadcastOp>(op);
}

std::optional<View> vescale::viewThrough(Operation *op, const View &operand) {
  if (auto reshape = dyn_cast<ReshapeOp>(op))
    return operand.reshape(shapeOf(reshape.getResult()));
  if (auto transpose = dyn_cast<TransposeOp>(op))
    return operand.transpose(transpose.getPermutation());
  if (auto broadcast = dyn_cast<BroadcastOp>(op)) {
    View view = operand;
    view.shape.assign(shapeOf(broadcast.getResult()).begin(),
                      shapeOf(broadcast.getResult()).end());
    view.strides.assign(view.shape.size(), 0);
    for (auto [dim, stride] :
         llvm::zip_equal(broadcast.getDims(), operand.strides))
      view.strides[dim] = stride;
    return view;
  }
  auto slice = dyn_cast<SliceOp>(op);
  if (!slice)
    return std::nullopt;
  View view = operand;
  view.shape.assign(shapeOf(slice.getResult()).begin(),
                    shapeOf(slice.getResult()).end());
  if (llvm::is_contained(view.shape, 0))
    return std::nullopt;
  for (auto [dim, start, step] :
       llvm::enumerate(slice.getStarts(), slice.getStrides())) {
    view.offset += start * operand.strides[dim];
    view.strides[dim] = operand.strides[dim] * step;
  }
  return view;
}
