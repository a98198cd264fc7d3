//===- Indexing.cpp - Evaluation of lookups and their gradient --*- C++ -*-===//

#include "dialects/Graph/Evaluate/Evaluate.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

/// The indices, negative ones counted from the end; failure with a diagnostic
/// where one lies outside the dimension.
static FailureOr<Tensor> checkIndices(Operation *op, const Tensor &indices,
                                      int64_t size) {
  Tensor checked = indices;
  for (int64_t i = 0; i < checked.getNumElements(); ++i) {
    auto index = static_cast<int64_t>(checked[i]);
    if (index < -size || index >= size)
      return op->emitOpError("reads index ")
             << index << " of a dimension of " << size << " elements";
    checked[i] = index < 0 ? index + size : index;
  }
  return checked;
}

Tensors TakeOp::evaluate(Operands operands, EvaluateContext &) {
  const Tensor &data = *operands[0];
  int64_t axis = getAxis(), count = rankOf(getIndices());
  FailureOr<Tensor> indices =
      checkIndices(*this, *operands[1], data.getDim(axis));
  if (failed(indices))
    return failure();
  SmallVector<int64_t> from;
  return one(mapIndices(getResult(), [&](ArrayRef<int64_t> index) {
    from.assign(index.begin(), index.begin() + axis);
    from.push_back(indices->at(index.slice(axis, count)));
    llvm::append_range(from, index.drop_front(axis + count));
    return data.at(from);
  }));
}

Tensors TakeAlongOp::evaluate(Operands operands, EvaluateContext &) {
  const Tensor &data = *operands[0];
  int64_t axis = getAxis();
  FailureOr<Tensor> indices =
      checkIndices(*this, *operands[1], data.getDim(axis));
  if (failed(indices))
    return failure();
  SmallVector<int64_t> from;
  return one(mapIndices(getResult(), [&](ArrayRef<int64_t> index) {
    from.assign(index.begin(), index.end());
    from[axis] = indices->at(index);
    return data.at(from);
  }));
}

Tensors ScatterAddOp::evaluate(Operands operands, EvaluateContext &context) {
  const Tensor &updates = *operands[1];
  Elements e = context.elements(updates.getElementType());
  int64_t dim = getDim(), count = rankOf(getIndices());
  Tensor result(typeOf(getResult()), e.integer(0));
  FailureOr<Tensor> indices =
      checkIndices(*this, *operands[0], result.getDim(dim));
  if (failed(indices))
    return failure();
  SmallVector<int64_t> to;
  forEachIndex(updates.getShape(), [&](ArrayRef<int64_t> index, int64_t from) {
    to.assign(index.begin(), index.begin() + dim);
    to.push_back(indices->at(index.slice(dim, count)));
    llvm::append_range(to, index.drop_front(dim + count));
    Element &sum = result.at(to);
    sum = e.add(sum, updates[from]);
  });
  for (int64_t i = 0; i < result.getNumElements(); ++i)
    result[i] = e.round(result[i]);
  return one(std::move(result));
}
