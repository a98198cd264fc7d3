//===- Convolution.cpp - Derivatives of conv and pool -----------*- C++ -*-===//
//
// Both gradients of a convolution are convolutions themselves.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Gradient/Term.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

VESCALE_CARRIES_FLOATS(ConvOp)
VESCALE_CARRIES_FLOATS(PoolOp)
VESCALE_ONLY_FIRST_DERIVATIVES(PoolGradOp)

static SmallVector<int64_t> join(ArrayRef<int64_t> front,
                                 ArrayRef<int64_t> back) {
  SmallVector<int64_t> all(front);
  llvm::append_range(all, back);
  return all;
}

/// The dimensions from `front.size()` on stay where they are.
static Term permuteFront(Term x, ArrayRef<int64_t> front) {
  return x.transpose(join(front, dimRange(front.size(), x.rank())));
}

/// With the channels of groups exchanged in the weight and the windows
/// mirrored, dy, spread by the strides, convolves to dx:
///   dx[i] = Σk w[k] · dy[(i + low - k·dilation) / stride].
static Term inputGradient(ConvOp op, Term dy, Term weight) {
  int64_t groups = op.getGroups();
  ArrayRef<int64_t> w = weight.shape(), x = shapeOf(op.getInput());
  int64_t in = w[1], out = w[0] / groups;
  ArrayRef<int64_t> window = w.drop_front(2);
  Term mirrored = weight.reshape(join({groups, out, in}, window));
  mirrored = permuteFront(mirrored, {0, 2, 1})
                 .reshape(join({groups * in, out}, window));
  for (int64_t dim : dimRange(2, mirrored.rank()))
    mirrored = mirrored.make<ReverseOp>(mirrored, dim);
  dy = dy.dilate(join({1, 1}, op.getStrides()));
  SmallVector<int64_t> low = {0, 0}, high = {0, 0};
  for (size_t dim = 0; dim < window.size(); ++dim) {
    int64_t reach = op.getDilations()[dim] * (window[dim] - 1);
    low.push_back(reach - op.getPadLow()[dim]);
    high.push_back(x[2 + dim] - dy.shape()[2 + dim] + op.getPadLow()[dim]);
  }
  SmallVector<int64_t> ones(window.size(), 1), zeros(window.size(), 0);
  dy = dy.pad(low, high);
  return dy.makeShaped<ConvOp>(x, dy, mirrored, ones, op.getDilations(), zeros,
                               zeros, groups);
}

/// A convolution over positions in place of window places, so that strides and
/// dilations change places, with the batch as input channels:
///   dw[k] = Σi x[i·stride + k·dilation - low] · dy[i].
static Term weightGradient(ConvOp op, Term dy, Term x) {
  int64_t groups = op.getGroups();
  ArrayRef<int64_t> w = shapeOf(op.getWeight());
  int64_t batch = x.shape()[0], in = w[1], out = w[0];
  SmallVector<int64_t> spatial(x.shape().drop_front(2));
  SmallVector<int64_t> low = {0, 0}, high = {0, 0};
  for (size_t dim = 0; dim < spatial.size(); ++dim) {
    int64_t reach = op.getStrides()[dim] * (dy.shape()[2 + dim] - 1) +
                    op.getDilations()[dim] * (w[2 + dim] - 1) + 1;
    low.push_back(op.getPadLow()[dim]);
    high.push_back(reach - spatial[dim] - low.back());
  }
  x = x.pad(low, high);
  spatial.assign(x.shape().begin() + 2, x.shape().end());
  x = permuteFront(x.reshape(join({batch, groups, in}, spatial)), {2, 1, 0})
          .reshape(join({in, groups * batch}, spatial));
  dy = permuteFront(dy, {1, 0});
  SmallVector<int64_t> zeros(spatial.size(), 0);
  Term product = x.makeShaped<ConvOp>(join({in, out}, w.drop_front(2)), x, dy,
                                      op.getDilations(), op.getStrides(), zeros,
                                      zeros, groups);
  return permuteFront(product, {1, 0});
}

LogicalResult ConvOp::differentiate(GradientBuilder &gradients) {
  Term dy(gradients, gradients.result());
  if (gradients.wants(0))
    gradients.set(0, inputGradient(*this, dy, Term(gradients, getWeight())));
  if (gradients.wants(1))
    gradients.set(1, weightGradient(*this, dy, Term(gradients, getInput())));
  return success();
}

LogicalResult PoolOp::differentiate(GradientBuilder &gradients) {
  Term x(gradients, getInput());
  gradients.set(0, x.make<PoolGradOp>(getKindAttr(), x, gradients.result(),
                                      getWindowAttr(), getStridesAttr(),
                                      getDilationsAttr(), getPadLowAttr(),
                                      getPadHighAttr()));
  return success();
}
