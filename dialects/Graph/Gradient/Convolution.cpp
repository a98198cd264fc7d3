//===- Convolution.cpp - Derivatives of conv and pool -----------*- C++ -*-===//
//
// The input's gradient is convolutions of the result's; the weight's are
// products, or a convolution as well.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Gradient/Term.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

#include <numeric>

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

VESCALE_CARRIES_FLOATS(ConvOp)
VESCALE_CARRIES_FLOATS(PoolOp)
VESCALE_ONLY_FIRST_DERIVATIVES(PoolGradOp)
VESCALE_NO_GRADIENT(PoolPlaceOp)
VESCALE_ONLY_FIRST_DERIVATIVES(UnpoolOp)

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

namespace {
/// Of the input's gradient along one dimension the positions j ≡ phase modulo
/// the stride,
///   dx[j] = Σk w[k] · dy[(j + low - k·dilation) / stride],
/// to which only those k contribute whose quotient is whole: first, first +
/// step, …; a convolution of dy with these, mirrored, whose stride is 1.
struct Phase {
  int64_t first = 0, step, taps = 0, dilation, low = 0, high = 0;

  Phase(ConvOp op, size_t dim, int64_t phase, int64_t positions) {
    int64_t stride = op.getStrides()[dim], spread = op.getDilations()[dim];
    int64_t window = shapeOf(op.getWeight())[2 + dim];
    int64_t offset = phase + op.getPadLow()[dim];
    step = stride / std::gcd(stride, spread);
    dilation = step * spread / stride;
    while (first < step && (offset - first * spread) % stride != 0)
      ++first;
    if (first == step || first >= window)
      return; // none contributes
    taps = (window - first + step - 1) / step;
    low = dilation * (taps - 1) - (offset - first * spread) / stride;
    high = positions + dilation * (taps - 1) - low -
           shapeOf(op.getResult())[2 + dim];
  }
};
} // namespace

/// The positions of the input's gradient that are of these phases, `positions`
/// along each dimension.
static Term phaseGradient(ConvOp op, Term dy, Term mirrored,
                          ArrayRef<Phase> phases, ArrayRef<int64_t> positions) {
  SmallVector<int64_t> shape =
      join({shapeOf(op.getInput())[0], shapeOf(op.getInput())[1]}, positions);
  SmallVector<int64_t> starts = {0, 0}, limits(mirrored.shape().take_front(2)),
                       steps = {1, 1}, taps(limits), cutLow = {0, 0},
                       cutHigh = {0, 0}, dilations, low, high;
  for (auto [dim, phase] : llvm::enumerate(phases)) {
    // Mirrored, the last tap comes first.
    int64_t last = phase.first + (phase.taps - 1) * phase.step;
    starts.push_back(mirrored.shape()[2 + dim] - 1 - last);
    limits.push_back(mirrored.shape()[2 + dim] - phase.first);
    steps.push_back(phase.step);
    taps.push_back(phase.taps);
    cutLow.push_back(std::min<int64_t>(phase.low, 0));
    cutHigh.push_back(std::min<int64_t>(phase.high, 0));
    dilations.push_back(phase.dilation);
    low.push_back(std::max<int64_t>(phase.low, 0));
    high.push_back(std::max<int64_t>(phase.high, 0));
  }
  if (ArrayRef(taps) != mirrored.shape())
    mirrored =
        mirrored.makeShaped<SliceOp>(taps, mirrored, starts, limits, steps);
  SmallVector<int64_t> ones(phases.size(), 1);
  return dy.makeShaped<ConvOp>(shape, dy.pad(cutLow, cutHigh), mirrored, ones,
                               dilations, low, high, op.getGroups());
}

/// With the channels of groups exchanged in the weight and the windows
/// mirrored, dy convolves to dx, each phase by itself (Phase).
static Term inputGradient(ConvOp op, Term dy, Term weight) {
  int64_t groups = op.getGroups();
  ArrayRef<int64_t> w = weight.shape(), x = shapeOf(op.getInput());
  int64_t in = w[1], out = w[0] / groups;
  ArrayRef<int64_t> window = w.drop_front(2), strides = op.getStrides();
  Term mirrored = weight.reshape(join({groups, out, in}, window));
  mirrored = permuteFront(mirrored, {0, 2, 1})
                 .reshape(join({groups * in, out}, window));
  for (int64_t dim : dimRange(2, mirrored.rank()))
    mirrored = mirrored.make<ReverseOp>(mirrored, dim);
  SmallVector<int64_t> positions;
  for (auto [size, stride] : llvm::zip_equal(x.drop_front(2), strides))
    positions.push_back((size + stride - 1) / stride);
  // Dimension by dimension: each position gets its phases beside it, zeros
  // where no tap contributes.
  SmallVector<Phase> phases;
  std::function<std::optional<Term>()> gather = [&]() -> std::optional<Term> {
    size_t dim = phases.size();
    if (dim == strides.size())
      return phaseGradient(op, dy, mirrored, phases, positions);
    int64_t stride = strides[dim], at = 2 + dim;
    std::optional<Term> sum;
    for (int64_t phase = 0; phase < stride; ++phase) {
      phases.emplace_back(op, dim, phase, positions[dim]);
      std::optional<Term> part =
          phases.back().taps ? gather() : std::optional<Term>();
      phases.pop_back();
      if (!part || stride == 1) {
        sum = stride == 1 ? part : sum;
        continue;
      }
      SmallVector<int64_t> split(part->shape()), low(split.size() + 1), high;
      split.insert(split.begin() + at + 1, 1);
      high = low;
      low[at + 1] = phase;
      high[at + 1] = stride - 1 - phase;
      Term spread = part->reshape(split).pad(low, high);
      sum = sum ? *sum + spread : spread;
    }
    if (!sum || stride == 1)
      return sum;
    SmallVector<int64_t> joined(sum->shape());
    joined[at] *= stride;
    joined.erase(joined.begin() + at + 1);
    return sum->reshape(joined).slice(at, 0, x[at]);
  };
  std::optional<Term> dx = gather();
  return dx ? *dx : dy.scalar(0).broadcast(x, {});
}

/// Without groups and with small windows a product of dy and x for each of the
/// window's places k,
///   dw[k] = Σi x[i·stride + k·dilation - low] · dy[i].
static Term weightGradientByPlaces(ConvOp op, Term dy, Term x) {
  ArrayRef<int64_t> w = shapeOf(op.getWeight());
  ArrayRef<int64_t> window = w.drop_front(2), strides = op.getStrides();
  int64_t batch = x.shape()[0], in = w[1], out = w[0];
  SmallVector<int64_t> spatial(dy.shape().drop_front(2));
  int64_t positions = computeProduct(spatial);
  dy = dy.reshape({batch, out, positions});
  SmallVector<Value> places;
  for (int64_t place = 0, e = computeProduct(window); place < e; ++place) {
    SmallVector<int64_t> at = delinearize(place, computeStrides(window));
    SmallVector<int64_t> starts = {0, 0}, limits = {batch, in}, steps = {1, 1};
    for (size_t dim = 0; dim < at.size(); ++dim) {
      starts.push_back(at[dim] * op.getDilations()[dim]);
      limits.push_back(starts.back() + strides[dim] * (spatial[dim] - 1) + 1);
      steps.push_back(strides[dim]);
    }
    Term part = x.makeShaped<SliceOp>(join({batch, in}, spatial), x, starts,
                                      limits, steps)
                    .reshape({batch, in, positions});
    Term product =
        dy.makeShaped<DotOp>({batch, out, in}, dy, part,
                             SmallVector<int64_t>{0}, SmallVector<int64_t>{0},
                             SmallVector<int64_t>{2}, SmallVector<int64_t>{2});
    places.push_back(product.sum({0}).reshape({1, out, in}));
  }
  int64_t count = places.size();
  return x.makeShaped<ConcatOp>({count, out, in}, places, 0)
      .transpose({1, 2, 0})
      .reshape(w);
}

/// Else a convolution over positions in place of window places,
/// so that strides and dilations change places, with the batch as input
/// channels.
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
  constexpr int64_t fewPlaces = 49;
  if (groups == 1 && computeProduct(w.drop_front(2)) <= fewPlaces &&
      computeProduct(dy.shape()) > 0)
    return weightGradientByPlaces(op, dy, x);
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
  Term x(gradients, getInput()), dy(gradients, gradients.result());
  if (getKind() == Reduction::Max || getKind() == Reduction::Min) {
    auto type =
        RankedTensorType::get(dy.shape(), gradients.builder.getI32Type());
    Term places = x.makeTyped<PoolPlaceOp>(
        type, getKindAttr(), x, getWindowAttr(), getStridesAttr(),
        getDilationsAttr(), getPadLowAttr(), getPadHighAttr());
    gradients.set(0, x.make<UnpoolOp>(dy, places, getWindowAttr(),
                                      getStridesAttr(), getDilationsAttr(),
                                      getPadLowAttr(), getPadHighAttr()));
    return success();
  }
  gradients.set(0, x.make<PoolGradOp>(getKindAttr(), x, dy, getWindowAttr(),
                                      getStridesAttr(), getDilationsAttr(),
                                      getPadLowAttr(), getPadHighAttr()));
  return success();
}
