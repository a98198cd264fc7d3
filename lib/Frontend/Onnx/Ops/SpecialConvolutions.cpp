//===- SpecialConvolutions.cpp - Transposed and stateful convolutions -----===//

#include "lib/Frontend/Onnx/NodeContext.h"

using namespace mlir;

namespace vescale::onnx {
namespace {

constexpr int64_t limit = int64_t(1) << 31;

/// One spatial dimension of a transposed convolution.
struct Spread {
  int64_t stride, dilation, low, high;
};

/// Pads as the standard derives them; `high` may be negative where the result
/// is longer than what the operand reaches.
FailureOr<SmallVector<Spread>> readSpreads(NodeContext &n, const Val &x,
                                           ShapeRef kernel) {
  size_t dims = kernel.size();
  Shape strides = n.integers("strides").value_or(Shape(dims, 1));
  Shape dilations = n.integers("dilations").value_or(Shape(dims, 1));
  Shape pads = n.integers("pads").value_or(Shape(2 * dims, 0));
  Shape extra = n.integers("output_padding").value_or(Shape(dims, 0));
  std::optional<Shape> wanted = n.integers("output_shape");
  std::string automatic = n.string("auto_pad", "NOTSET");
  if (std::optional<Shape> given = n.integers("kernel_shape");
      given && ShapeRef(*given) != kernel)
    return n.fail("kernel_shape " + describeShape(*given) +
                  " is not the weight's " + describeShape(kernel));
  if (strides.size() != dims || dilations.size() != dims ||
      pads.size() != 2 * dims || extra.size() != dims ||
      (wanted && wanted->size() < dims))
    return n.fail("strides, dilations, pads or the output's shape do not fit " +
                  Twine(dims) + " spatial dimensions");
  bool same = automatic == "SAME_UPPER" || automatic == "SAME_LOWER";
  if (!same && automatic != "NOTSET" && automatic != "VALID")
    return n.fail("auto_pad '" + automatic + "' is not supported");
  SmallVector<Spread> result;
  for (size_t i = 0; i < dims; ++i) {
    Spread s{strides[i], dilations[i], pads[i], pads[i + dims]};
    if (s.stride < 1 || s.stride > limit || s.dilation < 1 ||
        s.dilation > limit || kernel[i] < 1 || kernel[i] > limit || s.low < 0 ||
        s.low > limit || s.high < 0 || s.high > limit || extra[i] < 0 ||
        extra[i] > limit || x.dim(i + 2) < 1 ||
        x.dim(i + 2) > limit / s.stride || kernel[i] > limit / s.dilation)
      return n.fail("a stride, dilation, pad or kernel size is out of range");
    int64_t reach =
        s.stride * (x.dim(i + 2) - 1) + s.dilation * (kernel[i] - 1) + 1;
    if (wanted || same) {
      int64_t size = wanted ? (*wanted)[wanted->size() - dims + i]
                            : x.dim(i + 2) * s.stride;
      int64_t total = reach + extra[i] - size;
      if (size < 1 || size > reach + extra[i] + limit)
        return n.fail("the output can't have " + Twine(size) + " elements");
      total = std::max<int64_t>(total, 0);
      s.low = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
      s.high = reach - s.low - size;
    } else {
      s.high -= extra[i];
    }
    if (reach - s.low - s.high < 1)
      return n.fail("pads leave nothing of dimension " + Twine(i + 2));
    result.push_back(s);
  }
  return result;
}

/// Sets `step` - 1 zeros between the elements of a dimension.
Val spread(Emitter &e, const Val &x, int64_t dim, int64_t step) {
  if (step == 1)
    return x;
  Val wide = e.unsqueeze(x, dim + 1);
  Shape low(wide.rank(), 0), high(wide.rank(), 0);
  high[dim + 1] = step - 1;
  wide = e.pad(wide, e.scalar(x.type(), 0), low, high);
  Shape merged(x.shape());
  merged[dim] *= step;
  return e.sliceDim(e.reshape(wide, merged), dim, 0, merged[dim] - step + 1);
}

/// The weight of the convolution over the spread operand: mirrored, with its
/// two channel dimensions swapped within each group.
Val mirrorWeight(Emitter &e, Val weight, int64_t groups) {
  for (int64_t dim = 2; dim < weight.rank(); ++dim)
    weight = e.reverse(weight, dim);
  Shape split{groups, weight.dim(0) / groups, weight.dim(1)};
  Shape swap{0, 2, 1}, merged{groups * weight.dim(1), weight.dim(0) / groups};
  for (int64_t dim = 2; dim < weight.rank(); ++dim) {
    split.push_back(weight.dim(dim));
    merged.push_back(weight.dim(dim));
    swap.push_back(dim + 1);
  }
  return e.reshape(e.transpose(e.reshape(weight, split), swap), merged);
}

/// A convolution over the operand with zeros between its elements.
LogicalResult importConvTranspose(NodeContext &n) {
  Emitter &e = n.e;
  Val x = n.in(0);
  const Val &weight = n.in(1), &bias = n.in(2);
  if (x.rank() < 3 || x.rank() > 5)
    return n.fail("shape " + describeShape(x.shape()) +
                  " has no 1 to 3 spatial dimensions after batch and channels");
  if (!x.isFloat() || weight.type() != x.type())
    return n.error() << "operands have the element types " << x.type()
                     << " and " << weight.type();
  int64_t groups = n.integer("group", 1);
  if (weight.rank() != x.rank() || groups < 1 || weight.dim(0) != x.dim(1) ||
      x.dim(1) % groups != 0)
    return n.fail("a weight of shape " + describeShape(weight.shape()) +
                  " in " + Twine(groups) +
                  " groups does not fit an operand of "
                  "shape " +
                  describeShape(x.shape()));
  ShapeRef kernel = weight.shape().drop_front(2);
  FailureOr<SmallVector<Spread>> spreads = readSpreads(n, x, kernel);
  if (failed(spreads))
    return failure();
  int64_t channels = weight.dim(1) * groups, dims = kernel.size();
  Shape low, high, dilations, shape{x.dim(0), channels};
  Shape start(x.rank(), 0), end(x.rank(), 0), ones(x.rank(), 1);
  for (auto [i, s] : llvm::enumerate(*spreads)) {
    x = spread(e, x, i + 2, s.stride);
    // A pad of the result takes from the kernel's overhang; what is taken
    // beyond that is cut off afterwards.
    int64_t overhang = s.dilation * (kernel[i] - 1);
    low.push_back(std::max<int64_t>(overhang - s.low, 0));
    high.push_back(std::max<int64_t>(overhang - s.high, 0));
    dilations.push_back(s.dilation);
    shape.push_back(x.dim(i + 2) + low.back() + high.back() - overhang);
    start[i + 2] = std::max<int64_t>(s.low - overhang, 0);
    end[i + 2] = shape.back() - std::max<int64_t>(s.high - overhang, 0);
  }
  start[0] = start[1] = 0;
  end[0] = shape[0], end[1] = shape[1];
  if (!elementCount(shape))
    return n.fail("the result would have the shape " + describeShape(shape));
  Val result = e.make<graph::ConvOp>(
      x.type(), shape, e.operand(x), e.operand(mirrorWeight(e, weight, groups)),
      Shape(dims, 1), dilations, low, high, groups);
  result = e.slice(result, start, end, ones);
  if (!bias.absent()) {
    if (bias.rank() != 1 || bias.dim(0) != channels || bias.type() != x.type())
      return n.fail("a bias of shape " + describeShape(bias.shape()) +
                    " does not fit " + Twine(channels) + " output channels");
    result =
        e.binary(Binary::Add, result, e.broadcast(bias, {1}, result.shape()));
  }
  return n.set(result);
}

/// A depthwise convolution over the past and the operand, of which the end is
/// the next past.
LogicalResult importCausalConv(NodeContext &n) {
  Emitter &e = n.e;
  const Val &x = n.in(0), &weight = n.in(1), &bias = n.in(2);
  if (x.rank() != 3 || !x.isFloat() || weight.type() != x.type() ||
      weight.rank() != 3 || weight.dim(0) != x.dim(1) || weight.dim(1) != 1 ||
      weight.dim(2) < 1)
    return n.fail("a weight of shape " + describeShape(weight.shape()) +
                  " does not fit an operand of shape " +
                  describeShape(x.shape()));
  std::string activation = n.string("activation", "none");
  if (activation != "none" && activation != "silu" && activation != "swish")
    return n.fail("activation '" + activation + "' is not supported");
  int64_t past = weight.dim(2) - 1;
  Shape state{x.dim(0), x.dim(1), past};
  Val before = n.in(3).absent() ? e.fill(x.type(), state, 0) : n.in(3);
  if (before.shape() != ShapeRef(state) || before.type() != x.type())
    return n.fail("past_state has the shape " + describeShape(before.shape()) +
                  ", not " + describeShape(state));
  Val whole = e.concat({before, x}, 2);
  if (failed(n.set(1, e.sliceDim(whole, 2, x.dim(2), whole.dim(2)))))
    return failure();
  Shape one{1}, none{0};
  Val result =
      e.make<graph::ConvOp>(x.type(), x.shape(), e.operand(whole),
                            e.operand(weight), one, one, none, none, x.dim(1));
  if (!bias.absent()) {
    if (bias.shape() != ShapeRef({x.dim(1)}) || bias.type() != x.type())
      return n.fail("a bias of shape " + describeShape(bias.shape()) +
                    " does not fit " + Twine(x.dim(1)) + " channels");
    result = e.binary(Binary::Add, result, e.broadcast(bias, {1}, x.shape()));
  }
  return n.set(activation == "none" ? result : e.unary(Unary::Silu, result));
}

} // namespace

void addSpecialConvolutionOps(OpRegistry &r) {
  r.add("ConvTranspose", 2, importConvTranspose);
  r.add("CausalConvWithState", 2, importCausalConv);
}

} // namespace vescale::onnx
