//===- Losses.cpp - Negative log likelihood and cross entropy -------------===//

#include "lib/Frontend/Onnx/NodeContext.h"

using namespace mlir;

namespace vescale::onnx {
namespace {

/// -weight[target] · logProbability[target], over classes in dimension 1. An
/// ignored target counts as weight 0; the mean is by weight.
FailureOr<Val> likelihood(NodeContext &n, const Val &logs) {
  Emitter &e = n.e;
  const Val &targets = n.in(1), &weights = n.in(2);
  Shape expected(logs.shape());
  if (logs.rank() < 2 || targets.isFloat() || targets.isBool())
    return n.fail("scores need classes, targets whole numbers");
  expected.erase(expected.begin() + 1);
  if (targets.shape() != ShapeRef(expected))
    return n.fail("targets of shape " + describeShape(targets.shape()) +
                  " do not fit scores of shape " + describeShape(logs.shape()));
  int64_t classes = logs.dim(1);
  if (!weights.absent() &&
      (weights.shape() != ShapeRef({classes}) || weights.type() != logs.type()))
    return n.fail("weights of shape " + describeShape(weights.shape()) +
                  " do not fit " + Twine(classes) + " classes");
  Val index = targets, ignored;
  if (n.attribute("ignore_index")) {
    Val label = e.fillLike(index, double(n.integer("ignore_index", 0)));
    ignored = e.compare(graph::Comparison::Eq, index, label);
    index = e.select(ignored, e.fillLike(index, 0), index);
  }
  Val picked = e.reshape(e.takeAlong(logs, e.unsqueeze(index, 1), 1), expected);
  Val weight =
      weights.absent() ? e.fillLike(picked, 1) : e.take(weights, index, 0);
  if (!ignored.absent())
    weight = e.select(ignored, e.fillLike(weight, 0), weight);
  Val loss = e.unary(Unary::Neg, e.binary(Binary::Mul, picked, weight));
  std::string reduction = n.string("reduction", "mean");
  if (reduction == "none")
    return loss;
  if (reduction != "sum" && reduction != "mean")
    return n.fail("reduction '" + reduction + "' is not supported");
  Shape all;
  for (int64_t dim = 0; dim < loss.rank(); ++dim)
    all.push_back(dim);
  auto sum = [&](const Val &x) {
    return e.reduce(graph::Reduction::Sum, x, all, /*keep=*/false);
  };
  if (reduction == "sum")
    return sum(loss);
  return e.binary(Binary::Div, sum(loss), sum(weight));
}

LogicalResult importLikelihood(NodeContext &n) {
  if (!n.in(0).isFloat())
    return n.fail("scores must be floats");
  FailureOr<Val> loss = likelihood(n, n.in(0));
  return failed(loss) ? failure() : n.set(*loss);
}

LogicalResult importCrossEntropy(NodeContext &n) {
  const Val &x = n.in(0);
  if (!x.isFloat() || x.rank() < 2)
    return n.fail("scores must be floats over classes in dimension 1");
  Val logs = n.e.make<graph::LogSoftmaxOp>(x.type(), x.shape(), n.e.operand(x),
                                           int64_t(1));
  FailureOr<Val> loss = likelihood(n, logs);
  if (failed(loss) || failed(n.set(1, logs)))
    return failure();
  return n.set(*loss);
}

} // namespace

void addLossOps(OpRegistry &r) {
  r.add("NegativeLogLikelihoodLoss", 2, importLikelihood);
  r.add("SoftmaxCrossEntropyLoss", 2, importCrossEntropy);
}

} // namespace vescale::onnx
