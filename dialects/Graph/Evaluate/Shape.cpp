//===- Shape.cpp - Evaluation of ops that move elements ---------*- C++ -*-===//

#include "dialects/Graph/Evaluate/Evaluate.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

Tensor
graph::mapIndices(Value result,
                  llvm::function_ref<Element(ArrayRef<int64_t>)> function) {
  Tensor tensor(typeOf(result));
  forEachIndex(tensor.getShape(), [&](ArrayRef<int64_t> index, int64_t offset) {
    tensor[offset] = function(index);
  });
  return tensor;
}

Tensors BroadcastOp::evaluate(Operands operands, EvaluateContext &) {
  SmallVector<int64_t> from(rankOf(getInput()));
  return one(mapIndices(getResult(), [&](ArrayRef<int64_t> index) {
    for (auto [position, dim] : llvm::zip_equal(from, getDims()))
      position = index[dim];
    return operands[0]->at(from);
  }));
}

Tensors ReshapeOp::evaluate(Operands operands, EvaluateContext &) {
  return one(operands[0]->reshaped(shapeOf(getResult())));
}

Tensors TransposeOp::evaluate(Operands operands, EvaluateContext &) {
  return one(operands[0]->transposed(getPermutation()));
}

Tensors SliceOp::evaluate(Operands operands, EvaluateContext &) {
  SmallVector<int64_t> from(rankOf(getInput()));
  return one(mapIndices(getResult(), [&](ArrayRef<int64_t> index) {
    for (auto [position, to, start, stride] :
         llvm::zip_equal(from, index, getStarts(), getStrides()))
      position = start + to * stride;
    return operands[0]->at(from);
  }));
}

Tensors ReverseOp::evaluate(Operands operands, EvaluateContext &) {
  SmallVector<int64_t> from;
  int64_t dim = getDim();
  return one(mapIndices(getResult(), [&](ArrayRef<int64_t> index) {
    from.assign(index.begin(), index.end());
    from[dim] = operands[0]->getDim(dim) - 1 - from[dim];
    return operands[0]->at(from);
  }));
}

Tensors ConcatOp::evaluate(Operands operands, EvaluateContext &) {
  SmallVector<int64_t> from;
  int64_t dim = getDim();
  return one(mapIndices(getResult(), [&](ArrayRef<int64_t> index) {
    from.assign(index.begin(), index.end());
    const Tensor *const *operand = operands.begin();
    while (from[dim] >= (*operand)->getDim(dim))
      from[dim] -= (*operand++)->getDim(dim);
    return (*operand)->at(from);
  }));
}

Tensors PadOp::evaluate(Operands operands, EvaluateContext &) {
  SmallVector<int64_t> from(rankOf(getInput()));
  return one(mapIndices(getResult(), [&](ArrayRef<int64_t> index) {
    for (auto [position, to, low, size] :
         llvm::zip_equal(from, index, getLow(), operands[0]->getShape())) {
      position = to - low;
      if (position < 0 || position >= size)
        return (*operands[1])[0];
    }
    return operands[0]->at(from);
  }));
}
