//===- Attention.cpp - Derivatives of attention and rotary ------*- C++ -*-===//

#include "dialects/Graph/Gradient/Term.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

VESCALE_CARRIES_FLOATS(AttentionOp)
VESCALE_CARRIES_FLOATS(RotaryOp)
VESCALE_ONLY_FIRST_DERIVATIVES(AttentionGradOp)

/// A mask's gradient is the gradient of all scores, which attention_grad never
/// has as a whole, so that attention is its composition then.
SmallVector<Value> AttentionOp::prepareToDifferentiate(OpBuilder &builder,
                                                       ArrayRef<bool> wanted) {
  if (getMask() && wanted[getMaskMutable()[0].getOperandNumber()])
    return decompose(builder);
  if (getLse())
    return {};
  Type element = typeOf(getQuery()).getElementType();
  if (!element.isF64())
    element = builder.getF32Type();
  auto lse = RankedTensorType::get(shapeOf(getResult()).drop_back(), element);
  auto op = AttentionOp::create(
      builder, getLoc(), getResult().getType(), lse, getQuery(), getKey(),
      getValue(), getMask(), getScaleAttr(), getSoftcapAttr(), getWindowAttr(),
      getCausalAttr(), getCounters(), getStep(), getDropAttr());
  op->setDiscardableAttrs((*this)->getDiscardableAttrDictionary());
  return {op.getResult()};
}

/// With p the weights, the scores' gradient is p · (value · dy - delta), where
/// delta = Σ result · dy, also where weights are dropped; and lse's gradient
/// adds p times itself, so it is taken from delta.
LogicalResult AttentionOp::differentiate(GradientBuilder &gradients) {
  Term result(gradients, getResult());
  Term dy = gradients.result(0) ? Term(gradients, gradients.result(0))
                                : result.number(0);
  Type precise = typeOf(getLse()).getElementType();
  Term delta = (result.cast(precise) * dy.cast(precise)).sum(3);
  if (Value ofLse = gradients.result(1))
    delta = delta - Term(gradients, ofLse);
  auto op = AttentionGradOp::create(
      gradients.builder, gradients.loc,
      TypeRange{getQuery().getType(), getKey().getType(), getValue().getType()},
      getQuery(), getKey(), getValue(), getMask(), dy, getLse(), delta,
      getScaleAttr(), getSoftcapAttr(), getWindowAttr(), getCausalAttr(),
      getCounters(), getStep(), getDropAttr());
  for (unsigned operand : {0, 1, 2})
    if (gradients.wants(operand))
      gradients.set(operand, op->getResult(operand));
  return success();
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
