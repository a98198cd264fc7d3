//===- Normalization.cpp - Layer, RMS, batch and group norms --------------===//

#include "lib/Frontend/Onnx/NodeContext.h"

using namespace mlir;

namespace vescale::onnx {
namespace {

LogicalResult requireFloats(NodeContext &n) {
  for (const Val &value : n.ins())
    if (!value.absent() && value.type() != n.in(0).type())
      return n.error() << "operands have the element types " << n.in(0).type()
                       << " and " << value.type();
  if (n.in(0).isFloat())
    return success();
  return n.fail("the operand must be of floats");
}

/// Scale or bias as an operand of the shape of x's dimensions from `axis` on.
FailureOr<mlir::Value> trailing(NodeContext &n, size_t input, int64_t axis) {
  const Val &value = n.in(input);
  if (value.absent())
    return mlir::Value();
  ShapeRef shape = n.in(0).shape().drop_front(axis);
  if (broadcastShapes(value.shape(), shape) != Shape(shape))
    return n.fail("an operand of shape " + describeShape(value.shape()) +
                  " does not fit the normalised dimensions " +
                  describeShape(shape));
  return n.e.operand(n.e.broadcastTo(value, shape));
}

/// The optional outputs of a layer norm: mean and inverse deviation, in f32.
LogicalResult setStatistics(NodeContext &n, int64_t axis, double epsilon) {
  Emitter &e = n.e;
  Val x = e.cast(n.in(0), Builder(e.context()).getF32Type());
  Shape dims;
  for (int64_t dim = axis; dim < x.rank(); ++dim)
    dims.push_back(dim);
  double count = volume(x.shape().drop_front(axis));
  auto average = [&](const Val &value) {
    return e.binary(Binary::Div,
                    e.reduce(graph::Reduction::Sum, value, dims, /*keep=*/true),
                    count);
  };
  Val mean = average(x);
  Val centred = e.binary(Binary::Sub, x, e.broadcastTo(mean, x.shape()));
  Val variance = average(e.binary(Binary::Mul, centred, centred));
  Val inverse = e.unary(Unary::Rsqrt, e.binary(Binary::Add, variance, epsilon));
  if (failed(n.set(1, mean)))
    return failure();
  return n.set(2, inverse);
}

/// Statistics in f32 at least is what the ops promise anyway.
LogicalResult checkPrecision(NodeContext &n) {
  int64_t type = n.integer("stash_type", 1);
  if (type == static_cast<int64_t>(ElementType::Float) ||
      n.elementType(type).value_or(Type()) == n.in(0).type())
    return success();
  return n.fail("stash_type " + elementTypeName(ElementType(type)) +
                " is not supported");
}

LogicalResult importLayerNorm(NodeContext &n) {
  const Val &x = n.in(0);
  if (failed(requireFloats(n)) || failed(checkPrecision(n)))
    return failure();
  FailureOr<int64_t> axis = n.axis(n.integer("axis", -1), x.rank());
  if (failed(axis))
    return failure();
  FailureOr<mlir::Value> scale = trailing(n, 1, *axis),
                         bias = trailing(n, 2, *axis);
  if (failed(scale) || failed(bias))
    return failure();
  double epsilon = n.number("epsilon", 1e-5f);
  if (n.wantsOutput(1) || n.wantsOutput(2))
    if (failed(setStatistics(n, *axis, epsilon)))
      return failure();
  return n.set(n.e.make<graph::LayerNormOp>(x.type(), x.shape(), n.e.operand(x),
                                            *scale, *bias, *axis,
                                            APFloat(epsilon)));
}

LogicalResult importRmsNorm(NodeContext &n) {
  const Val &x = n.in(0);
  if (failed(requireFloats(n)) || failed(checkPrecision(n)))
    return failure();
  FailureOr<int64_t> axis = n.axis(n.integer("axis", -1), x.rank());
  if (failed(axis))
    return failure();
  FailureOr<mlir::Value> scale = trailing(n, 1, *axis);
  if (failed(scale))
    return failure();
  return n.set(n.e.make<graph::RmsNormOp>(x.type(), x.shape(), n.e.operand(x),
                                          *scale, *axis,
                                          APFloat(n.number("epsilon", 1e-5f))));
}

/// x of shape N×C×…, scaled and shifted by one number per channel.
Val perChannel(Emitter &e, const Val &x, const Val &scale, const Val &shift) {
  Val scaled = e.binary(Binary::Mul, x, e.broadcast(scale, {1}, x.shape()));
  return e.binary(Binary::Add, scaled, e.broadcast(shift, {1}, x.shape()));
}

LogicalResult checkChannels(NodeContext &n, size_t first) {
  const Val &x = n.in(0);
  if (failed(requireFloats(n)))
    return failure();
  if (x.rank() < 2)
    return n.fail("the operand has no channels");
  for (size_t input = first; input < n.numInputs(); ++input)
    if (n.in(input).rank() != 1 || n.in(input).dim(0) != x.dim(1))
      return n.fail("input " + Twine(input) + " of shape " +
                    describeShape(n.in(input).shape()) + " does not fit " +
                    Twine(x.dim(1)) + " channels");
  return success();
}

LogicalResult importBatchNorm(NodeContext &n) {
  Emitter &e = n.e;
  if (failed(checkChannels(n, 1)))
    return failure();
  const Val &x = n.in(0), &runningMean = n.in(3), &runningVariance = n.in(4);
  if (x.size() == 0)
    return n.set(x);
  n.getImporter().addStatistic(runningMean);
  n.getImporter().addStatistic(runningVariance);
  double momentum = n.number("momentum", 0.9f);
  bool ofBatch = n.integer("training_mode", 0) != 0;
  auto [mean, variance] =
      e.batchStatistics(x, runningMean, runningVariance, momentum, ofBatch);
  // ONNX has the population's variance in what runs on, too.
  for (auto [output, running, own] :
       {std::tuple(1, runningMean, mean), {2, runningVariance, variance}}) {
    if (!ofBatch || !n.wantsOutput(output))
      continue;
    Val next = e.binary(Binary::Add, e.binary(Binary::Mul, running, momentum),
                        e.binary(Binary::Mul, own, 1 - momentum));
    if (failed(n.set(output, next)))
      return failure();
  }
  Val deviation = e.unary(
      Unary::Sqrt, e.binary(Binary::Add, variance, n.number("epsilon", 1e-5f)));
  Val scale = e.binary(Binary::Div, n.in(1), deviation);
  Val centred = e.binary(Binary::Sub, x, e.broadcast(mean, {1}, x.shape()));
  return n.set(perChannel(e, centred, scale, n.in(2)));
}

/// Normalises each of `groups` groups of channels of each batch element.
Val normaliseGroups(Emitter &e, const Val &x, int64_t groups, double epsilon) {
  int64_t rest =
      groups == 0 || x.dim(0) == 0 ? 0 : x.size() / (x.dim(0) * groups);
  Val grouped = e.reshape(x, {x.dim(0), groups, rest});
  Val normal = e.make<graph::LayerNormOp>(
      x.type(), grouped.shape(), e.operand(grouped), mlir::Value(),
      mlir::Value(), int64_t(2), APFloat(epsilon));
  return e.reshape(normal, x.shape());
}

LogicalResult importInstanceNorm(NodeContext &n) {
  if (failed(checkChannels(n, 1)))
    return failure();
  const Val &x = n.in(0);
  Val normal = normaliseGroups(n.e, x, x.dim(1), n.number("epsilon", 1e-5f));
  return n.set(perChannel(n.e, normal, n.in(1), n.in(2)));
}

LogicalResult importGroupNorm(NodeContext &n) {
  Emitter &e = n.e;
  const Val &x = n.in(0);
  int64_t groups = n.integer("num_groups", 0);
  if (failed(requireFloats(n)) || failed(checkPrecision(n)))
    return failure();
  if (x.rank() < 2 || groups < 1 || x.dim(1) % groups != 0)
    return n.fail(Twine(groups) + " groups do not fit an operand of shape " +
                  describeShape(x.shape()));
  // Until operator set 21 scale and bias are per group, from then on per
  // channel.
  Val scale = n.in(1), bias = n.in(2);
  for (Val *value : {&scale, &bias}) {
    if (n.opset() < 21 && value->rank() == 1 && value->dim(0) == groups) {
      Shape wide{groups, x.dim(1) / groups};
      *value = e.reshape(e.broadcast(*value, {0}, wide), {x.dim(1)});
    }
    if (value->rank() != 1 || value->dim(0) != x.dim(1))
      return n.fail("scale or bias of shape " + describeShape(value->shape()) +
                    " does not fit " + Twine(x.dim(1)) + " channels");
  }
  Val normal = normaliseGroups(e, x, groups, n.number("epsilon", 1e-5f));
  return n.set(perChannel(e, normal, scale, bias));
}

LogicalResult importLpNorm(NodeContext &n) {
  Emitter &e = n.e;
  const Val &x = n.in(0);
  if (failed(requireFloats(n)))
    return failure();
  FailureOr<int64_t> axis = n.axis(n.integer("axis", -1), x.rank());
  if (failed(axis))
    return failure();
  int64_t p = n.integer("p", 2);
  if (p != 1 && p != 2)
    return n.fail("p must be 1 or 2, not " + Twine(p));
  Val terms = p == 1 ? e.unary(Unary::Abs, x) : e.binary(Binary::Mul, x, x);
  Val norm = e.reduce(graph::Reduction::Sum, terms, {*axis}, /*keep=*/true);
  if (p == 2)
    norm = e.unary(Unary::Sqrt, norm);
  // A vector of length zero stays.
  norm = e.broadcastTo(norm, x.shape());
  Val zero = e.fillLike(x, 0);
  return n.set(e.select(e.compare(graph::Comparison::Eq, norm, zero), zero,
                        e.binary(Binary::Div, x, norm)));
}

/// x / (bias + alpha / size · Σ x²)^beta, summed over `size` channels around.
LogicalResult importLocalResponse(NodeContext &n) {
  Emitter &e = n.e;
  const Val &x = n.in(0);
  int64_t size = n.integer("size", 0);
  if (failed(requireFloats(n)))
    return failure();
  if (x.rank() < 2 || size < 1 || size > (1 << 20))
    return n.fail("a size of " + Twine(size) +
                  " does not fit an operand of shape " +
                  describeShape(x.shape()));
  int64_t inner = volume(x.shape().drop_front(2));
  Val squares =
      e.reshape(e.binary(Binary::Mul, x, x), {x.dim(0), 1, x.dim(1), inner});
  Shape one{1, 1}, low{(size - 1) / 2, 0}, high{size / 2, 0};
  Val sum = e.make<graph::PoolOp>(x.type(), squares.shape(),
                                  graph::Reduction::Sum, e.operand(squares),
                                  Shape{size, 1}, one, one, low, high);
  Val scale = e.binary(Binary::Mul, e.reshape(sum, x.shape()),
                       n.number("alpha", 1e-4f) / double(size));
  scale =
      e.binary(Binary::Pow, e.binary(Binary::Add, scale, n.number("bias", 1)),
               n.number("beta", 0.75));
  return n.set(e.binary(Binary::Div, x, scale));
}

} // namespace

void addNormalizationOps(OpRegistry &r) {
  r.add("LayerNormalization", 2, importLayerNorm);
  r.add("RMSNormalization", 2, importRmsNorm);
  r.add("BatchNormalization", 5, importBatchNorm);
  r.add("InstanceNormalization", 3, importInstanceNorm);
  r.add("GroupNormalization", 3, importGroupNorm);
  r.add("LpNormalization", 1, importLpNorm);
  r.add("LRN", 1, importLocalResponse);
}

} // namespace vescale::onnx
