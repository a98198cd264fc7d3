//===- RaiseLayerNorm.cpp - graph-raise-layer-norm --------------*- C++ -*-===//
//
// The root-mean-square norm of x - mean(x) is the layer norm of x; so norms are
// first raised to rms_norm, as graph-raise-rms-norm does.
//
//===----------------------------------------------------------------------===//
#include "passes/Prepare/Match.h"
#include "passes/Prepare/Passes.h"
#include "passes/Prepare/Patterns.h"
#include "passes/Prepare/Rewrite.h"

namespace vescale::prepare {
#define GEN_PASS_DEF_GRAPHRAISELAYERNORM
#include "passes/Prepare/Passes.h.inc"
} // namespace vescale::prepare

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::prepare;

namespace {
struct CentredNorm : OpRewritePattern<RmsNormOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(RmsNormOp op,
                                PatternRewriter &rewriter) const override {
    auto centred = op.getInput().getDefiningOp<SubOp>();
    if (!centred)
      return rewriter.notifyMatchFailure(op, "the input is no difference");
    Value x = centred.getLhs();
    std::optional<RowBroadcast> mean = matchRowBroadcast(centred.getRhs());
    int64_t axis = op.getAxis();
    if (!mean || mean->axis != axis || matchMean(mean->row, axis) != x)
      return rewriter.notifyMatchFailure(op, "the mean is not subtracted");
    rewriter.replaceOpWithNewOp<LayerNormOp>(op, op.getType(), x, op.getScale(),
                                             Value(), axis, op.getEpsilon());
    return success();
  }
};

/// A product with or a sum with one value per feature, in this order.
template <typename Op> struct AbsorbIntoLayerNorm : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    constexpr bool isScale = std::is_same_v<Op, MulOp>;
    bool matched = matchCommuted<Op>(op, [&](Value x, Value other) {
      auto norm = x.getDefiningOp<LayerNormOp>();
      if (!norm || norm.getBias() || (isScale && norm.getScale()) ||
          !x.hasOneUse() || scalarOf(other))
        return false;
      Value weight = matchTrailingBroadcast(other, norm.getAxis());
      if (!weight)
        return false;
      weight = createReshape(rewriter, op.getLoc(), weight,
                             shapeOf(x).drop_front(norm.getAxis()));
      rewriter.replaceOpWithNewOp<LayerNormOp>(
          op, op.getType(), norm.getInput(),
          isScale ? weight : Value(norm.getScale()), isScale ? Value() : weight,
          norm.getAxis(), norm.getEpsilon());
      return true;
    });
    return matched ? success()
                   : rewriter.notifyMatchFailure(op, "not a norm's parameter");
  }
};

class GraphRaiseLayerNorm
    : public prepare::impl::GraphRaiseLayerNormBase<GraphRaiseLayerNorm> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateRmsNormPatterns(patterns);
    patterns.add<CentredNorm, AbsorbIntoLayerNorm<MulOp>,
                 AbsorbIntoLayerNorm<AddOp>>(&getContext());
    if (failed(rewriteToFixpoint(getOperation(), std::move(patterns))))
      return signalPassFailure();
    getOperation()->walk([&](LayerNormOp) { ++norms; });
  }
};
} // namespace
