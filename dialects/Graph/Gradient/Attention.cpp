//===- Attention.cpp - Derivatives of attention and rotary ------*- C++ -*-===//

#include "dialects/Graph/Gradient/Term.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

VESCALE_CARRIES_FLOATS(AttentionOp)
VESCALE_CARRIES_FLOATS(RotaryOp)

LogicalResult AttentionOp::differentiate(GradientBuilder &gradients) {
  return emitOpError("has no derivative yet");
}

namespace {
/// The first and the second features of all pairs.
struct Pairs {
  Term first, second;

  Pairs(Term x, int64_t count, bool interleaved)
      : first(x.slice(x.rank() - 1, 0, count)),
        second(x.slice(x.rank() - 1, interleaved ? 0 : count, count)) {
    if (!interleaved)
      return;
    SmallVector<int64_t> shape(x.shape()), starts(x.rank()),
        strides(x.rank(), 1);
    SmallVector<int64_t> limits = shape;
    limits.back() = 2 * count;
    strides.back() = 2;
    shape.back() = count;
    first = x.makeShaped<SliceOp>(shape, x, starts, limits, strides);
    starts.back() = 1;
    second = x.makeShaped<SliceOp>(shape, x, starts, limits, strides);
  }
};
} // namespace

/// Sums what the table's elements were repeated for.
static Term sumToTable(Term x, Value table) {
  ArrayRef<int64_t> shape = shapeOf(table);
  int64_t leading = x.rank() - shape.size();
  SmallVector<int64_t> dims = dimRange(0, leading);
  for (auto [dim, size] : llvm::enumerate(shape))
    if (size != x.shape()[leading + dim])
      dims.push_back(leading + dim);
  return x.sum(dims).reshape(shape);
}

/// The gradient is turned back. The pair (a, b) with the gradient (p, q) gives
/// p·a + q·b to its cosine, q·a - p·b to its sine.
LogicalResult RotaryOp::differentiate(GradientBuilder &gradients) {
  Term x(gradients, getInput()), dy(gradients, gradients.result());
  Term sin(gradients, getSin());
  if (gradients.wants(0))
    gradients.set(0,
                  dy.make<RotaryOp>(dy, getCos(), -sin, getInterleavedAttr()));
  if (!gradients.wants(1) && !gradients.wants(2))
    return success();
  int64_t count = shapeOf(getCos()).back();
  Pairs from(x, count, getInterleaved()), to(dy, count, getInterleaved());
  if (gradients.wants(1))
    gradients.set(1, sumToTable(to.first * from.first + to.second * from.second,
                                getCos()));
  if (gradients.wants(2))
    gradients.set(2, sumToTable(to.second * from.first - to.first * from.second,
                                getSin()));
  return success();
}
