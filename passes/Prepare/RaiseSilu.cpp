//===- RaiseSilu.cpp - graph-raise-silu -------------------------*- C++ -*-===//

#include "passes/Prepare/Curve.h"
#include "passes/Prepare/Match.h"
#include "passes/Prepare/Passes.h"
#include "passes/Prepare/Rewrite.h"
#include <cmath>

namespace vescale::prepare {
#define GEN_PASS_DEF_GRAPHRAISESILU
#include "passes/Prepare/Passes.h.inc"
} // namespace vescale::prepare

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::prepare;

static double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
static double silu(double x) { return x * sigmoid(x); }

namespace {
/// Looks for x · sigmoid(x) around a sigmoid or an exponential; an exponential
/// may also be in a sigmoid alone.
template <typename Op> struct RaiseSilu : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    bool isSilu = true;
    Curve curve = findCurve(op.getResult(), silu);
    if (!curve.result && std::is_same_v<Op, ExpOp>) {
      isSilu = false;
      curve = findCurve(op.getResult(), sigmoid);
    }
    if (!curve.result)
      return rewriter.notifyMatchFailure(op, "not inside a SiLU");
    Operation *root = curve.result.getDefiningOp();
    rewriter.setInsertionPoint(root);
    Type type = curve.result.getType();
    if (isSilu)
      rewriter.replaceOpWithNewOp<SiluOp>(root, type, curve.input);
    else
      rewriter.replaceOpWithNewOp<SigmoidOp>(root, type, curve.input);
    return success();
  }
};

class GraphRaiseSilu
    : public prepare::impl::GraphRaiseSiluBase<GraphRaiseSilu> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<RaiseSilu<SigmoidOp>, RaiseSilu<ExpOp>>(&getContext());
    if (failed(rewriteToFixpoint(getOperation(), std::move(patterns))))
      return signalPassFailure();
    getOperation()->walk([&](SiluOp) { ++activations; });
  }
};
} // namespace
