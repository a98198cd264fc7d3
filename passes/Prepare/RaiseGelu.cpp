//===- RaiseGelu.cpp - graph-raise-gelu -------------------------*- C++ -*-===//

#include "passes/Prepare/Curve.h"
#include "passes/Prepare/Match.h"
#include "passes/Prepare/Passes.h"
#include "passes/Prepare/Rewrite.h"
#include <cmath>

namespace vescale::prepare {
#define GEN_PASS_DEF_GRAPHRAISEGELU
#include "passes/Prepare/Passes.h.inc"
} // namespace vescale::prepare

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::prepare;

static double geluErf(double x) {
  return x / 2 * (1 + std::erf(x * M_SQRT1_2));
}
static double geluTanh(double x) {
  double inner = x + 0.044715 * x * x * x;
  return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * inner));
}

namespace {
/// Looks for GELU around the one transcendental function that it has: erf for
/// the exact form, tanh or sigmoid (tanh(z) = 2·sigmoid(2z) - 1) for the other.
template <typename Op> struct RaiseGelu : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    constexpr bool isErf = std::is_same_v<Op, ErfOp>;
    Curve curve = findCurve(op.getResult(), isErf ? geluErf : geluTanh);
    if (!curve.result)
      return rewriter.notifyMatchFailure(op, "not inside a GELU");
    Operation *root = curve.result.getDefiningOp();
    rewriter.setInsertionPoint(root);
    rewriter.replaceOpWithNewOp<GeluOp>(
        root, curve.result.getType(), curve.input,
        isErf ? GeluApproximation::None : GeluApproximation::Tanh);
    return success();
  }
};

class GraphRaiseGelu
    : public prepare::impl::GraphRaiseGeluBase<GraphRaiseGelu> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<RaiseGelu<ErfOp>, RaiseGelu<TanhOp>, RaiseGelu<SigmoidOp>>(
        &getContext());
    if (failed(rewriteToFixpoint(getOperation(), std::move(patterns))))
      return signalPassFailure();
    getOperation()->walk([&](GeluOp) { ++activations; });
  }
};
} // namespace
