//===- SoftCausalMask.cpp - Causal and padding by a number ------*- C++ -*-===//
//
// Decoders below operator set 23 add select(causal ∧ real, 0, lowest): `lowest`
// is the type's lowest number, `real` a condition that only a run knows, where
// the batch has no padding. A row that sees no key adds `lowest` to all of its
// scores, which leaves nothing of them, and so averages all values, later ones
// included. `causal` with a condition gives zeros there, so the average is put
// in its place:
//
//   select(row sees no key, mean of values, attention causal mask real)
//
// Scores and mask then hide for good: half of the product is skipped, and no
// mask of queries × keys is left to be added.
//
//===----------------------------------------------------------------------===//
#include "passes/Prepare/AttentionMask.h"
#include "passes/Prepare/KnownMask.h"
#include "passes/Prepare/MaskParts.h"
#include "passes/Prepare/Match.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::prepare;

/// A number from here on leaves nothing of any score it is added to: in f32 its
/// neighbours are 7e22 apart.
static constexpr double kAbsorbsBelow = -1e30;

/// The mean over the keys of each head's values, as a result of `op`.
static Value createMeanOfValues(OpBuilder &builder, Location loc,
                                AttentionOp op) {
  RankedTensorType type = typeOf(op.getResult());
  Type element = type.getElementType();
  ArrayRef<int64_t> shape = shapeOf(op.getValue());
  int64_t batch = shape[0], kvHeads = shape[1], keys = shape[2];
  int64_t features = shape[3], heads = type.getShape()[1];
  auto sums = RankedTensorType::get({batch, kvHeads, features}, element);
  Value sum = ReduceOp::create(builder, loc, sums, Reduction::Sum,
                               op.getValue(), ArrayRef<int64_t>{2});
  Value count = ConstantOp::create(
      builder, loc,
      DenseElementsAttr::get(sums,
                             builder.getFloatAttr(element, keys).getValue()));
  Value mean = DivOp::create(builder, loc, sums, sum, count);
  // Heads of a group share their values.
  auto grouped = RankedTensorType::get(
      {batch, kvHeads, heads / kvHeads, features}, element);
  mean = BroadcastOp::create(builder, loc, grouped, mean,
                             ArrayRef<int64_t>{0, 1, 3});
  mean = createReshape(builder, loc, mean, {batch, heads, features});
  return BroadcastOp::create(builder, loc, type, mean,
                             ArrayRef<int64_t>{0, 1, 3});
}

/// Where a row sees no key by `condition`, in the shape of the result.
static Value createBlindRows(OpBuilder &builder, Location loc, AttentionOp op,
                             Value condition) {
  ArrayRef<int64_t> shape = shapeOf(op.getMask()),
                    result = shapeOf(op.getResult());
  auto numbers = RankedTensorType::get(shape, builder.getF32Type());
  auto rows = RankedTensorType::get(shape.drop_back(), builder.getF32Type());
  condition = createReshape(builder, loc, condition, shape);
  Value seen = CastOp::create(builder, loc, numbers, condition);
  seen = ReduceOp::create(builder, loc, rows, Reduction::Max, seen,
                          ArrayRef<int64_t>{3});
  Value zero = ConstantOp::create(builder, loc,
                                  DenseElementsAttr::get(rows, APFloat(0.0f)));
  Value blind = CompareOp::create(builder, loc, rows.clone(builder.getI1Type()),
                                  Comparison::Eq, seen, zero);
  SmallVector<int64_t> kept, dims;
  for (int64_t dim = 0; dim < 3; ++dim)
    if (shape[dim] == result[dim]) {
      kept.push_back(shape[dim]);
      dims.push_back(dim);
    }
  blind = createReshape(builder, loc, blind, kept);
  return BroadcastOp::create(builder, loc,
                             RankedTensorType::get(result, builder.getI1Type()),
                             blind, dims);
}

namespace {
struct RaiseSoftCausal : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AttentionOp op,
                                PatternRewriter &rewriter) const override {
    Type element = typeOf(op.getResult()).getElementType();
    if (!op.getMask() || op.getLse() || op.getCausal() || op.getWindow() ||
        typeOf(op.getResult()).getNumElements() == 0 ||
        !(element.isF32() || element.isF64()))
      return rewriter.notifyMatchFailure(op, "no mask that could be causal");
    MaskParts parts;
    parts.add(op.getMask());
    if (!parts.conditions.empty() || parts.summands.size() != 1 ||
        !parts.summands[0].condition || parts.summands[0].fill > kAbsorbsBelow)
      return rewriter.notifyMatchFailure(op, "not one condition by a number");
    if (op.getDrop())
      return rewriter.notifyMatchFailure(op, "the mean has dropout as well");
    Value condition = parts.summands[0].condition;
    MaskParts conjunction;
    conjunction.addCondition(condition);
    KnownMask known(op);
    SmallVector<Value> unknown;
    for (Value part : conjunction.conditions)
      if (!known.add(part))
        unknown.push_back(part);
    KnownMask::Verdict verdict = known.read();
    if (unknown.empty() || verdict.all || !verdict.isCausal)
      return rewriter.notifyMatchFailure(op, "not causal and something else");

    Location loc = op.getLoc(), maskLoc = op.getMask().getLoc();
    Value real =
        createConjunction(rewriter, maskLoc, unknown, shapeOf(op.getMask()));
    Value blind = createBlindRows(rewriter, maskLoc, op, condition);
    Value mean = createMeanOfValues(rewriter, loc, op);
    RankedTensorType type = typeOf(op.getResult());
    auto causal = AttentionOp::create(
        rewriter, loc, type, op.getQuery(), op.getKey(), op.getValue(), real,
        op.getScale(), op.getSoftcap(), verdict.window, /*causal=*/true);
    rewriter.replaceOpWithNewOp<SelectOp>(op, type, blind, mean,
                                          causal.getResult());
    return success();
  }
};
} // namespace

void prepare::populateSoftCausalPatterns(RewritePatternSet &patterns) {
  patterns.add<RaiseSoftCausal>(patterns.getContext());
}
