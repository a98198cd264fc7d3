//===- Convolutions.cpp - Convolution and pooling -------------------------===//

#include "lib/Frontend/Onnx/NodeContext.h"

using namespace mlir;

namespace vescale::onnx {
namespace {

/// How a window moves over the spatial dimensions.
struct Window {
  Shape sizes, strides, dilations, low, high, result;
  /// Of `high`, what a last window needs that begins within the pads.
  Shape overhang;
};

/// Reads the attributes that convolutions and pools share, for `x` of shape
/// N×C×spatial.
FailureOr<Window> readWindow(NodeContext &n, const Val &x, ShapeRef sizes) {
  size_t dims = x.rank() - 2;
  Window w;
  w.sizes.assign(sizes.begin(), sizes.end());
  w.strides = n.integers("strides").value_or(Shape(dims, 1));
  w.dilations = n.integers("dilations").value_or(Shape(dims, 1));
  Shape pads = n.integers("pads").value_or(Shape(2 * dims, 0));
  if (sizes.size() != dims || w.strides.size() != dims ||
      w.dilations.size() != dims || pads.size() != 2 * dims)
    return n.fail("kernel, strides, dilations or pads do not fit " +
                  Twine(dims) + " spatial dimensions");
  std::string automatic = n.string("auto_pad", "NOTSET");
  bool ceil = n.integer("ceil_mode", 0) != 0;
  constexpr int64_t limit = int64_t(1) << 31;
  for (size_t dim = 0; dim < dims; ++dim) {
    int64_t size = x.dim(dim + 2), stride = w.strides[dim];
    int64_t low = pads[dim], high = pads[dim + dims];
    if (stride < 1 || stride > limit || w.dilations[dim] < 1 ||
        w.dilations[dim] > limit || w.sizes[dim] < 1 || w.sizes[dim] > limit ||
        low < 0 || low > limit || high < 0 || high > limit || size > limit)
      return n.fail("a stride, dilation, pad or kernel size is out of range");
    int64_t span = w.dilations[dim] * (w.sizes[dim] - 1) + 1;
    if (automatic == "VALID") {
      low = high = 0;
    } else if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
      int64_t steps = (size + stride - 1) / stride;
      int64_t total = std::max<int64_t>((steps - 1) * stride + span - size, 0);
      low = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
      high = total - low;
    } else if (automatic != "NOTSET") {
      return n.fail("auto_pad '" + automatic + "' is not supported");
    }
    int64_t room = size + low + high - span;
    if (room < 0)
      return n.fail("a kernel that spans " + Twine(span) +
                    " elements does not fit dimension " + Twine(dim + 2) +
                    " of " + describeShape(x.shape()));
    w.overhang.push_back(0);
    if (ceil && room % stride != 0) {
      // One more window, if it starts inside the operand or its left padding.
      int64_t steps = room / stride + 1;
      if (steps * stride < size + low) {
        w.overhang.back() = stride - room % stride;
        high += w.overhang.back();
        room = steps * stride;
      }
    }
    w.low.push_back(low);
    w.high.push_back(high);
    w.result.push_back(room / stride + 1);
  }
  return w;
}

LogicalResult checkSpatial(NodeContext &n, const Val &x) {
  if (x.rank() < 3 || x.rank() > 5)
    return n.fail("shape " + describeShape(x.shape()) +
                  " has no 1 to 3 spatial dimensions after batch and channels");
  return success();
}

LogicalResult importConv(NodeContext &n) {
  Emitter &e = n.e;
  const Val &x = n.in(0), &weight = n.in(1);
  if (failed(checkSpatial(n, x)))
    return failure();
  if (!x.isFloat() || weight.type() != x.type())
    return n.error() << "operands have the element types " << x.type()
                     << " and " << weight.type();
  int64_t groups = n.integer("group", 1);
  if (weight.rank() != x.rank() || groups < 1 || groups > x.dim(1) ||
      weight.dim(1) != x.dim(1) / groups || x.dim(1) % groups != 0 ||
      weight.dim(0) % groups != 0)
    return n.fail("a weight of shape " + describeShape(weight.shape()) +
                  " in " + Twine(groups) +
                  " groups does not fit an operand of "
                  "shape " +
                  describeShape(x.shape()));
  if (std::optional<Shape> kernel = n.integers("kernel_shape");
      kernel && ShapeRef(*kernel) != weight.shape().drop_front(2))
    return n.fail("kernel_shape " + describeShape(*kernel) +
                  " is not the weight's " +
                  describeShape(weight.shape().drop_front(2)));
  FailureOr<Window> window = readWindow(n, x, weight.shape().drop_front(2));
  if (failed(window))
    return failure();
  Shape shape{x.dim(0), weight.dim(0)};
  llvm::append_range(shape, window->result);
  Val result = e.make<graph::ConvOp>(
      x.type(), shape, e.operand(x), e.operand(weight), window->strides,
      window->dilations, window->low, window->high, groups);
  if (!n.in(2).absent()) {
    const Val &bias = n.in(2);
    if (bias.rank() != 1 || bias.dim(0) != weight.dim(0) ||
        bias.type() != x.type())
      return n.fail("a bias of shape " + describeShape(bias.shape()) +
                    " does not fit " + Twine(weight.dim(0)) +
                    " output channels");
    result = e.binary(Binary::Add, result, e.broadcast(bias, {1}, shape));
  }
  return n.set(result);
}

Val pool(Emitter &e, graph::Reduction kind, const Val &x, const Window &w) {
  Shape shape{x.dim(0), x.dim(1)};
  llvm::append_range(shape, w.result);
  return e.make<graph::PoolOp>(x.type(), shape, kind, e.operand(x), w.sizes,
                               w.strides, w.dilations, w.low, w.high);
}

FailureOr<Window> poolWindow(NodeContext &n) {
  const Val &x = n.in(0);
  if (failed(checkSpatial(n, x)))
    return failure();
  if (x.isBool())
    return n.fail("the operand is boolean");
  std::optional<Shape> kernel = n.integers("kernel_shape");
  if (!kernel)
    return n.fail("kernel_shape is missing");
  return readWindow(n, x, *kernel);
}

LogicalResult importMaxPool(NodeContext &n) {
  FailureOr<Window> window = poolWindow(n);
  if (failed(window))
    return failure();
  n.ignore({"storage_order"}); // Of the second output, the indices.
  return n.set(pool(n.e, graph::Reduction::Max, n.in(0), *window));
}

LogicalResult importAveragePool(NodeContext &n) {
  Emitter &e = n.e;
  const Val &x = n.in(0);
  FailureOr<Window> window = poolWindow(n);
  if (failed(window))
    return failure();
  if (!x.isFloat())
    return n.fail("the operand must be of floats");
  Val sum = pool(e, graph::Reduction::Sum, x, *window);
  // How many elements each window covers: a pool of ones, which stand where
  // elements count.
  Shape shape(x.shape());
  shape[0] = shape[1] = 1;
  if (n.integer("count_include_pad", 0) != 0)
    for (size_t dim = 0; dim < window->sizes.size(); ++dim) {
      shape[dim + 2] +=
          window->low[dim] + window->high[dim] - window->overhang[dim];
      window->low[dim] = 0;
      window->high[dim] = window->overhang[dim];
    }
  auto isZero = [](int64_t pad) { return pad == 0; };
  if (llvm::all_of(window->low, isZero) && llvm::all_of(window->high, isZero))
    return n.set(e.binary(Binary::Div, sum, double(volume(window->sizes))));
  Val count =
      pool(e, graph::Reduction::Sum, e.fill(x.type(), shape, 1), *window);
  return n.set(e.binary(Binary::Div, sum, e.broadcastTo(count, sum.shape())));
}

/// The p-norm of each window.
LogicalResult importLpPool(NodeContext &n) {
  Emitter &e = n.e;
  const Val &x = n.in(0);
  FailureOr<Window> window = poolWindow(n);
  if (failed(window))
    return failure();
  int64_t p = n.integer("p", 2);
  if (!x.isFloat() || p < 1)
    return n.fail("the operand must be of floats and p at least 1");
  Val powers = e.binary(Binary::Pow, e.unary(Unary::Abs, x), double(p));
  Val sum = pool(e, graph::Reduction::Sum, powers, *window);
  return n.set(e.binary(Binary::Pow, sum, 1.0 / double(p)));
}

OpImporter globalPool(bool average) {
  return [=](NodeContext &n) -> LogicalResult {
    const Val &x = n.in(0);
    if (x.rank() < 3 || !x.isFloat())
      return n.fail("the operand must be of floats with spatial dimensions");
    Shape dims;
    for (int64_t dim = 2; dim < x.rank(); ++dim)
      dims.push_back(dim);
    Val result =
        n.e.reduce(average ? graph::Reduction::Sum : graph::Reduction::Max, x,
                   dims, /*keep=*/true);
    if (average)
      result = n.e.binary(Binary::Div, result,
                          double(volume(x.shape().drop_front(2))));
    return n.set(result);
  };
}

} // namespace

void addConvolutionOps(OpRegistry &r) {
  r.add("Conv", 2, importConv);
  r.add("MaxPool", 1, importMaxPool);
  r.add("AveragePool", 1, importAveragePool);
  r.add("LpPool", 1, importLpPool);
  r.add("GlobalAveragePool", 1, globalPool(/*average=*/true));
  r.add("GlobalMaxPool", 1, globalPool(/*average=*/false));
}

} // namespace vescale::onnx
