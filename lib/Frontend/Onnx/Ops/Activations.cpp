//===- Activations.cpp - Activation functions -----------------------------===//

#include "lib/Frontend/Onnx/NodeContext.h"
#include <cmath>

using namespace mlir;

namespace vescale::onnx {
namespace {

/// An activation of one float tensor, written over the emitter.
using Activation = std::function<Val(NodeContext &, Emitter &, const Val &)>;

OpImporter activation(Activation function) {
  return [=](NodeContext &n) -> LogicalResult {
    if (!n.in(0).isFloat())
      return n.error() << "the operand has the element type " << n.in(0).type()
                       << "; only floats are supported";
    return n.set(function(n, n.e, n.in(0)));
  };
}

OpImporter plain(Unary kind) {
  return activation([=](NodeContext &, Emitter &e, const Val &x) {
    return e.unary(kind, x);
  });
}

Val isNegative(Emitter &e, const Val &x) {
  return e.compare(graph::Comparison::Lt, x, e.fillLike(x, 0));
}
Val times(Emitter &e, const Val &a, double b) {
  return e.binary(Binary::Mul, a, b);
}
/// exp(x) - 1 where x is negative; elsewhere unused, so x is clamped.
Val expMinusOne(Emitter &e, const Val &x) {
  return e.binary(Binary::Sub,
                  e.unary(Unary::Exp, e.binary(Binary::Min, x, 0.0)), 1.0);
}
/// log(1 + exp(x)) without overflow: max(x, 0) + log(1 + exp(-|x|)).
Val softplus(Emitter &e, const Val &x) {
  Val tail = e.unary(
      Unary::Log,
      e.binary(Binary::Add,
               e.unary(Unary::Exp, e.unary(Unary::Neg, e.unary(Unary::Abs, x))),
               1.0));
  return e.binary(Binary::Add, e.unary(Unary::Relu, x), tail);
}
LogicalResult importGelu(NodeContext &n) {
  const Val &x = n.in(0);
  if (!x.isFloat())
    return n.fail("the operand must be of floats");
  std::string approximate = n.string("approximate", "none");
  if (approximate != "none" && approximate != "tanh")
    return n.fail("approximate must be none or tanh, not '" + approximate +
                  "'");
  auto kind = approximate == "tanh" ? graph::GeluApproximation::Tanh
                                    : graph::GeluApproximation::None;
  return n.set(
      n.e.make<graph::GeluOp>(x.type(), x.shape(), n.e.operand(x), kind));
}

LogicalResult importPRelu(NodeContext &n) {
  Val x = n.in(0), slope = n.in(1);
  if (failed(n.unify(x, slope)))
    return failure();
  return n.set(
      n.e.select(isNegative(n.e, x), n.e.binary(Binary::Mul, x, slope), x));
}

LogicalResult importRelu(NodeContext &n) {
  if (n.in(0).isBool())
    return n.fail("the operand is boolean");
  return n.set(n.e.unary(Unary::Relu, n.in(0)));
}

} // namespace

void addActivationOps(OpRegistry &r) {
  r.add("Relu", 1, importRelu);
  r.add("Tanh", 1, plain(Unary::Tanh));
  r.add("Sigmoid", 1, plain(Unary::Sigmoid));
  r.add("Gelu", 1, importGelu);
  r.add("PRelu", 2, importPRelu);
  r.add("LeakyRelu", 1,
        activation([](NodeContext &n, Emitter &e, const Val &x) {
          return e.select(isNegative(e, x),
                          times(e, x, n.number("alpha", 0.01)), x);
        }));
  r.add("Celu", 1, activation([](NodeContext &n, Emitter &e, const Val &x) {
          double alpha = n.number("alpha", 1);
          Val inner = e.binary(Binary::Div, x, alpha);
          return e.select(isNegative(e, x),
                          times(e, expMinusOne(e, inner), alpha), x);
        }));
  r.add("Softplus", 1, activation([](NodeContext &, Emitter &e, const Val &x) {
          return softplus(e, x);
        }));
  r.add("Swish", 1, activation([](NodeContext &n, Emitter &e, const Val &x) {
          double alpha = n.number("alpha", 1);
          if (alpha == 1)
            return e.unary(Unary::Silu, x);
          return e.binary(Binary::Mul, x,
                          e.unary(Unary::Sigmoid, times(e, x, alpha)));
        }));
  r.add("Tan", 1, activation([](NodeContext &, Emitter &e, const Val &x) {
          return e.binary(Binary::Div, e.unary(Unary::Sin, x),
                          e.unary(Unary::Cos, x));
        }));
  // Half of e^x ± e^-x.
  auto hyperbolic = [](Binary kind) {
    return activation([=](NodeContext &, Emitter &e, const Val &x) {
      Val up = e.unary(Unary::Exp, x);
      Val down = e.unary(Unary::Exp, e.unary(Unary::Neg, x));
      return times(e, e.binary(kind, up, down), 0.5);
    });
  };
  r.add("Cosh", 1, hyperbolic(Binary::Add));
  r.add("Sinh", 1, hyperbolic(Binary::Sub));
}

} // namespace vescale::onnx
