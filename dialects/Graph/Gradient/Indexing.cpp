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

/// Each element gets the gradients of those that read it. The reading positions
/// are a dimension before `axis`, which is summed; where there is one, as in
/// the loss of one label per row, nothing is summed.
LogicalResult TakeAlongOp::differentiate(GradientBuilder &gradients) {
  Term x(gradients, getData()), indices(gradients, getIndices());
  Term dy(gradients, gradients.result());
  int64_t axis = getAxis(), readers = dy.shape()[axis];
  // Negative ones count from the end.
  indices = indices.cast(gradients.builder.getI64Type());
  indices = select(compare(Comparison::Lt, indices, 0.0),
                   indices + static_cast<double>(x.shape()[axis]), indices);
  SmallVector<int64_t> shape(x.shape()), rows(x.shape());
  rows.erase(rows.begin() + axis);
  int64_t element = axis;
  if (readers != 1) {
    shape.insert(shape.begin() + element++, readers);
    rows.insert(rows.begin() + axis, readers);
  }
  auto spread = [&](Term term) {
    return term.reshape(rows).spread(shape, element);
  };
  Term position = indices.makeShaped<IotaOp>(shape, element);
  Term hits = compare(Comparison::Eq, spread(indices), position);
  Term read = keep(hits, spread(dy));
  gradients.set(0, readers == 1 ? read : read.sum(axis));
  return success();
}
