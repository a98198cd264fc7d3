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
