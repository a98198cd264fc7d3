//===- Leaf.cpp - Evaluation of parameters and constants --------*- C++ -*-===//

#include "dialects/Dist/Evaluate/Shard.h"
#include "dialects/Graph/Evaluate/Evaluate.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

Tensors ParameterOp::evaluate(Operands, EvaluateContext &context) {
  if (!context.loadParameter)
    return emitOpError("has no data: no parameters were given");
  FailureOr<Tensor> stored = context.loadParameter(*this);
  if (failed(stored))
    return failure();
  RankedTensorType type = getGlobalType();
  Tensor view(type);
  SmallVector<int64_t> strides = getStrides();
  forEachIndex(type.getShape(), [&](ArrayRef<int64_t> index, int64_t to) {
    int64_t from = getOffset();
    for (auto [position, stride] : llvm::zip_equal(index, strides))
      from += position * stride;
    view[to] = (*stored)[from];
  });
  dist::LayoutAttr layout = dist::getLayout(type);
  if (!getGlobal() || !layout)
    return one(std::move(view));
  dist::MeshAttr mesh = dist::lookupMesh(*this, layout.getMesh());
  if (!mesh)
    return emitOpError("uses mesh ")
           << layout.getMesh() << ", which does not exist";
  return one(dist::shard(view, layout, mesh, context.rank, context));
}

Tensors UpdateOp::evaluate(Operands operands, EvaluateContext &context) {
  if (!context.storeParameter)
    return emitOpError("has nowhere to keep the value");
  context.storeParameter(getParameterOp(), *operands[1]);
  return SmallVector<Tensor, 1>();
}

Tensors ConstantOp::evaluate(Operands, EvaluateContext &context) {
  FailureOr<Tensor> tensor =
      tensorFromAttribute(getValue(), context.arithmetic);
  if (failed(tensor))
    return emitOpError("holds elements that cannot be read: ")
           << getValue().getType();
  return one(std::move(*tensor));
}

Tensors IotaOp::evaluate(Operands, EvaluateContext &context) {
  Elements e = context.elements(typeOf(getResult()).getElementType());
  int64_t dim = getDim();
  return one(mapIndices(getResult(), [&](ArrayRef<int64_t> index) {
    return e.integer(index[dim]);
  }));
}
