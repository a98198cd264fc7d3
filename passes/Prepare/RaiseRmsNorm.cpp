//===- RaiseRmsNorm.cpp - graph-raise-rms-norm ------------------*- C++ -*-===//
//
// A product of factors in which one is x and another repeats, for each row,
// (mean(x²) + ε)^(-1/2). Whatever else the product has, multiplies the norm.
//
//===----------------------------------------------------------------------===//
#include "passes/Prepare/Match.h"
#include "passes/Prepare/Passes.h"
#include "passes/Prepare/Patterns.h"
#include "passes/Prepare/Rewrite.h"

namespace vescale::prepare {
#define GEN_PASS_DEF_GRAPHRAISERMSNORM
#include "passes/Prepare/Passes.h.inc"
} // namespace vescale::prepare

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::prepare;

namespace {
/// The factors of a product; quotients have factors below the line.
struct Factors {
  SmallVector<Value> above, below;

  void add(Value value, bool inverse, bool isRoot) {
    auto mul = value.getDefiningOp<MulOp>();
    auto div = value.getDefiningOp<DivOp>();
    if (!isRoot && !value.hasOneUse())
      mul = {}, div = {};
    if (mul && mul.getLhs() != mul.getRhs()) {
      add(mul.getLhs(), inverse, false);
      add(mul.getRhs(), inverse, false);
    } else if (div) {
      add(div.getLhs(), inverse, false);
      add(div.getRhs(), !inverse, false);
    } else {
      (inverse ? below : above).push_back(value);
    }
  }
};

/// A factor (mean(x²) + ε)^(-1/2) for rows of dimensions before `axis`.
struct InverseRms {
  Value x;
  int64_t axis;
  double epsilon;
};

std::optional<InverseRms> matchInverseRms(Value factor, bool inverse) {
  std::optional<RowBroadcast> row = matchRowBroadcast(factor);
  if (!row)
    return std::nullopt;
  Power power = matchPower(row->row);
  if (power.exponent != (inverse ? 0.5 : -0.5))
    return std::nullopt;
  InverseRms rms{{}, row->axis, 0};
  auto matchVariance = [&](Value variance) {
    Value squares = matchMean(variance, row->axis);
    rms.x = squares ? matchSquare(squares) : Value();
    return rms.x != nullptr;
  };
  auto matchSum = [&](Value variance, Value epsilon) {
    std::optional<double> number = scalarOf(epsilon);
    rms.epsilon = number.value_or(-1);
    return rms.epsilon >= 0 && matchVariance(variance);
  };
  if (matchCommuted<AddOp>(power.base, matchSum))
    return rms;
  rms.epsilon = 0;
  if (matchVariance(power.base))
    return rms;
  return std::nullopt;
}

template <typename Op> struct RaiseRmsNorm : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    Factors factors;
    factors.add(op.getResult(), /*inverse=*/false, /*isRoot=*/true);
    for (bool inverse : {false, true})
      for (Value &factor : inverse ? factors.below : factors.above) {
        std::optional<InverseRms> rms = matchInverseRms(factor, inverse);
        if (!rms)
          continue;
        Value *x = llvm::find(factors.above, rms->x);
        if (x == factors.above.end())
          continue;
        Location loc = fuseLocations({op.getResult(), factor});
        Value norm = RmsNormOp::create(rewriter, loc, op.getType(), *x, Value(),
                                       rms->axis, APFloat(rms->epsilon));
        *x = Value();
        factor = Value();
        rewriter.replaceOp(op, multiply(rewriter, op, norm, factors));
        return success();
      }
    return rewriter.notifyMatchFailure(op, "no factor is 1 / rms of another");
  }

private:
  static Value multiply(OpBuilder &builder, Op op, Value result,
                        const Factors &factors) {
    for (Value factor : factors.above)
      if (factor)
        result =
            MulOp::create(builder, op.getLoc(), op.getType(), result, factor);
    for (Value factor : factors.below)
      if (factor)
        result =
            DivOp::create(builder, op.getLoc(), op.getType(), result, factor);
    return result;
  }
};

/// A product of a norm without a scale with one value per feature.
struct AbsorbScale : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op,
                                PatternRewriter &rewriter) const override {
    bool matched = matchCommuted<MulOp>(op, [&](Value x, Value scale) {
      auto norm = x.getDefiningOp<RmsNormOp>();
      if (!norm || norm.getScale() || !x.hasOneUse() || scalarOf(scale))
        return false;
      Value weight = matchTrailingBroadcast(scale, norm.getAxis());
      if (!weight)
        return false;
      weight = createReshape(rewriter, op.getLoc(), weight,
                             shapeOf(x).drop_front(norm.getAxis()));
      rewriter.replaceOpWithNewOp<RmsNormOp>(op, op.getType(), norm.getInput(),
                                             weight, norm.getAxis(),
                                             norm.getEpsilon());
      return true;
    });
    return matched ? success()
                   : rewriter.notifyMatchFailure(op, "not a norm's scale");
  }
};

/// A norm between conversions to a wider type and back: the op computes its
/// statistics wide enough by itself.
struct NarrowRmsNorm : OpRewritePattern<CastOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(CastOp op,
                                PatternRewriter &rewriter) const override {
    auto norm = op.getInput().getDefiningOp<RmsNormOp>();
    auto wide = norm ? norm.getInput().getDefiningOp<CastOp>() : CastOp();
    if (!wide || norm.getScale() || wide.getInput().getType() != op.getType() ||
        typeOf(op).getElementTypeBitWidth() >=
            typeOf(norm).getElementTypeBitWidth())
      return rewriter.notifyMatchFailure(op, "not a widened norm");
    rewriter.replaceOpWithNewOp<RmsNormOp>(op, op.getType(), wide.getInput(),
                                           Value(), norm.getAxis(),
                                           norm.getEpsilon());
    return success();
  }
};

class GraphRaiseRmsNorm
    : public prepare::impl::GraphRaiseRmsNormBase<GraphRaiseRmsNorm> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateRmsNormPatterns(patterns);
    if (failed(rewriteToFixpoint(getOperation(), std::move(patterns))))
      return signalPassFailure();
    getOperation()->walk([&](RmsNormOp) { ++norms; });
  }
};
} // namespace

void prepare::populateRmsNormPatterns(RewritePatternSet &patterns) {
  patterns.add<RaiseRmsNorm<MulOp>, RaiseRmsNorm<DivOp>, AbsorbScale,
               NarrowRmsNorm>(patterns.getContext());
}
