//===- Normalization.cpp - Derivatives of softmax and norms -----*- C++ -*-===//
//
// The softmaxes keep their results. The norms keep their inputs, whose
// statistics are computed anew, in one pass over a row with the gradient.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Gradient/Term.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

VESCALE_CARRIES_FLOATS(SoftmaxOp)
VESCALE_CARRIES_FLOATS(LogSoftmaxOp)
VESCALE_CARRIES_FLOATS(LayerNormOp)
VESCALE_CARRIES_FLOATS(RmsNormOp)
VESCALE_ONLY_FIRST_DERIVATIVES(LayerNormGradOp)
VESCALE_ONLY_FIRST_DERIVATIVES(RmsNormGradOp)

/// y · (dy - Σ dy·y).
LogicalResult SoftmaxOp::differentiate(GradientBuilder &gradients) {
  Term y(gradients, getResult()), dy(gradients, gradients.result());
  int64_t dim = getDim();
  Term weighted = dy * y;
  gradients.set(0, weighted - y * weighted.sum(dim).spread(y.shape(), dim));
  return success();
}

/// dy - exp(y) · Σ dy.
LogicalResult LogSoftmaxOp::differentiate(GradientBuilder &gradients) {
  Term y(gradients, getResult()), dy(gradients, gradients.result());
  int64_t dim = getDim();
  Term share = y.make<ExpOp>(y) * dy.sum(dim).spread(y.shape(), dim);
  gradients.set(0, dy - share);
  return success();
}

LogicalResult LayerNormOp::differentiate(GradientBuilder &gradients) {
  Term x(gradients, getInput()), dy(gradients, gradients.result());
  SmallVector<int64_t> outer = dimRange(0, getAxis());
  unsigned scale = 1, bias = getScale() ? 2 : 1;
  if (gradients.wants(0))
    gradients.set(0, x.make<LayerNormGradOp>(x, dy, getScale(), getAxisAttr(),
                                             getEpsilonAttr()));
  if (getScale() && gradients.wants(scale)) {
    Term norm = x.make<LayerNormOp>(x, Value(), Value(), getAxisAttr(),
                                    getEpsilonAttr());
    gradients.set(scale, (dy * norm).sum(outer));
  }
  if (getBias() && gradients.wants(bias))
    gradients.set(bias, dy.sum(outer));
  return success();
}

LogicalResult RmsNormOp::differentiate(GradientBuilder &gradients) {
  Term x(gradients, getInput()), dy(gradients, gradients.result());
  if (gradients.wants(0))
    gradients.set(0, x.make<RmsNormGradOp>(x, dy, getScale(), getAxisAttr(),
                                           getEpsilonAttr()));
  if (getScale() && gradients.wants(1)) {
    Term norm = x.make<RmsNormOp>(x, Value(), getAxisAttr(), getEpsilonAttr());
    gradients.set(1, (dy * norm).sum(dimRange(0, getAxis())));
  }
  return success();
}

bool BatchStatisticsOp::carriesGradient(unsigned operand) {
  return getOfBatch() == (operand == 0);
}

/// (d mean + 2 · (x - mean) · d variance) / count: the variance does not change
/// with the mean, around which deviations add up to zero.
LogicalResult BatchStatisticsOp::differentiate(GradientBuilder &gradients) {
  if (!getOfBatch()) {
    for (unsigned result : {0, 1})
      if (gradients.wants(1 + result) && gradients.result(result))
        gradients.set(1 + result, gradients.result(result));
    return success();
  }
  Term x(gradients, getInput());
  SmallVector<int64_t> dims = getBatchDims();
  double each = 1.0 / getCount();
  Value dx;
  if (Value mean = gradients.result(0))
    dx = (Term(gradients, mean) * each).spread(x.shape(), dims);
  if (Value variance = gradients.result(1)) {
    Term centred = x - Term(gradients, getMean()).spread(x.shape(), dims);
    Term part =
        centred *
        (Term(gradients, variance) * (2 * each)).spread(x.shape(), dims);
    dx = dx ? Value(part + Term(gradients, dx)) : Value(part);
  }
  gradients.set(0, dx);
  return success();
}
