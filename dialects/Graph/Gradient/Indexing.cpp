//===- Indexing.cpp - Derivatives of lookups --------------------*- C++ -*-===//

#include "dialects/Graph/Gradient/Term.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

VESCALE_CARRIES_FLOATS(TakeOp)
VESCALE_CARRIES_FLOATS(TakeAlongOp)
VESCALE_CARRIES_FLOATS(ScatterAddOp)

LogicalResult TakeOp::differentiate(GradientBuilder &gradients) {
  Term dy(gradients, gradients.result());
  gradients.set(0, dy.makeShaped<ScatterAddOp>(shapeOf(getData()), getIndices(),
                                               dy, getAxisAttr()));
  return success();
}

LogicalResult ScatterAddOp::differentiate(GradientBuilder &gradients) {
  Term dy(gradients, gradients.result());
  gradients.set(1, dy.makeShaped<TakeOp>(shapeOf(getUpdates()), dy,
                                         getIndices(), getDimAttr()));
  return success();
}

/// Each element gets the gradients of those that read it. A dimension for the
/// reading positions is set before `axis`, and summed; where there is one such
/// position, as in the loss of one label per row, nothing is summed.
LogicalResult TakeAlongOp::differentiate(GradientBuilder &gradients) {
  Term x(gradients, getData()), indices(gradients, getIndices());
  Term dy(gradients, gradients.result());
  int64_t axis = getAxis(), size = x.shape()[axis];
  // Negative ones count from the end.
  indices = indices.cast(gradients.builder.getI64Type());
  indices = select(compare(Comparison::Lt, indices, 0.0),
                   indices + static_cast<double>(size), indices);
  SmallVector<int64_t> shape(x.shape());
  shape.insert(shape.begin() + axis, dy.shape()[axis]);
  auto spread = [&](Term term) { return term.spread(shape, axis + 1); };
  Term position = indices.makeShaped<IotaOp>(shape, axis + 1);
  Term hits = compare(Comparison::Eq, spread(indices), position);
  Term read = keep(hits, spread(dy));
  gradients.set(0, shape[axis] == 1 ? read.reshape(x.shape()) : read.sum(axis));
  return success();
}
