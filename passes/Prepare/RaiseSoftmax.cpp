//===- RaiseSoftmax.cpp - graph-raise-softmax -------------------*- C++ -*-===//

#include "passes/Prepare/Match.h"
#include "passes/Prepare/Passes.h"
#include "passes/Prepare/Rewrite.h"

namespace vescale::prepare {
#define GEN_PASS_DEF_GRAPHRAISESOFTMAX
#include "passes/Prepare/Passes.h.inc"
} // namespace vescale::prepare

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::prepare;

namespace {
/// A reduction over one dimension, repeated along that dimension.
struct Repeated {
  Value input;
  int64_t dim;
};
} // namespace

/// Looks at `full`, through an elementwise Between of the reduction if given.
template <typename Between = void>
static std::optional<Repeated> matchRepeated(Value full, Reduction kind) {
  auto broadcast = full.getDefiningOp<BroadcastOp>();
  if (!broadcast)
    return std::nullopt;
  Value row = skipReshapes(broadcast.getInput());
  if constexpr (!std::is_void_v<Between>) {
    auto between = row.getDefiningOp<Between>();
    if (!between)
      return std::nullopt;
    row = skipReshapes(between.getInput());
  }
  auto reduce = row.getDefiningOp<ReduceOp>();
  if (!reduce || reduce.getKind() != kind || reduce.getDims().size() != 1 ||
      shapeOf(reduce.getInput()) != shapeOf(full))
    return std::nullopt;
  int64_t dim = reduce.getDims().front();
  for (auto [place, size] : llvm::enumerate(shapeOf(full))) {
    int64_t index = place;
    if (size != 1 &&
        llvm::is_contained(broadcast.getDims(), index) == (index == dim))
      return std::nullopt;
  }
  return Repeated{reduce.getInput(), dim};
}

/// x without the maximum along `dim` that is subtracted for range's sake; the
/// softmax is the same with any number subtracted from a whole row.
static Value skipShift(Value x, int64_t dim) {
  auto sub = x.getDefiningOp<SubOp>();
  if (!sub)
    return x;
  auto shift = matchRepeated(sub.getRhs(), Reduction::Max);
  return shift && shift->input == sub.getLhs() && shift->dim == dim
             ? sub.getLhs()
             : x;
}

namespace {
/// exp(x - max) / Σ exp(x - max), also as a product with the reciprocal.
template <typename Op> struct RaiseSoftmax : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    Value input;
    int64_t dim = 0;
    auto match = [&](Value x, std::optional<Repeated> sum) {
      auto exp = x.getDefiningOp<ExpOp>();
      if (!exp || !sum || sum->input != x)
        return false;
      dim = sum->dim;
      input = skipShift(exp.getInput(), dim);
      return true;
    };
    if constexpr (std::is_same_v<Op, DivOp>)
      match(op.getLhs(), matchRepeated(op.getRhs(), Reduction::Sum));
    else
      matchCommuted<MulOp>(op, [&](Value x, Value inverse) {
        return match(x, matchRepeated<ReciprocalOp>(inverse, Reduction::Sum));
      });
    if (!input)
      return rewriter.notifyMatchFailure(op, "not exp(x) / sum(exp(x))");
    rewriter.replaceOpWithNewOp<SoftmaxOp>(op, op.getType(), input, dim);
    return success();
  }
};

/// log(softmax(x)).
struct RaiseLogSoftmax : OpRewritePattern<LogOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(LogOp op,
                                PatternRewriter &rewriter) const override {
    auto softmax = op.getInput().getDefiningOp<SoftmaxOp>();
    if (!softmax)
      return rewriter.notifyMatchFailure(op, "not of a softmax");
    rewriter.replaceOpWithNewOp<LogSoftmaxOp>(
        op, op.getType(), softmax.getInput(), softmax.getDim());
    return success();
  }
};

/// y - log(Σ exp(y)), where y may be x less its maximum.
struct RaiseShiftedLogSoftmax : OpRewritePattern<SubOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SubOp op,
                                PatternRewriter &rewriter) const override {
    auto sum = matchRepeated<LogOp>(op.getRhs(), Reduction::Sum);
    auto exp = sum ? sum->input.getDefiningOp<ExpOp>() : ExpOp();
    if (!exp || exp.getInput() != op.getLhs())
      return rewriter.notifyMatchFailure(op, "not x - log(sum(exp(x)))");
    rewriter.replaceOpWithNewOp<LogSoftmaxOp>(
        op, op.getType(), skipShift(op.getLhs(), sum->dim), sum->dim);
    return success();
  }
};

class GraphRaiseSoftmax
    : public prepare::impl::GraphRaiseSoftmaxBase<GraphRaiseSoftmax> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<RaiseSoftmax<DivOp>, RaiseSoftmax<MulOp>, RaiseLogSoftmax,
                 RaiseShiftedLogSoftmax>(&getContext());
    if (failed(rewriteToFixpoint(getOperation(), std::move(patterns))))
      return signalPassFailure();
    getOperation()->walk([&](SoftmaxOp) { ++softmaxes; });
  }
};
} // namespace
