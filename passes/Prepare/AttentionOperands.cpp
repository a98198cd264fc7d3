//===- AttentionOperands.cpp - Scales and grouped heads of attention ------===//

#include "dialects/Graph/Fold/DimGroups.h"
#include "passes/Prepare/AttentionMask.h"
#include "passes/Prepare/Match.h"
#include "passes/Prepare/Patterns.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::prepare;

/// `value` divided by the scalar that it is a multiple of, which `factor` is
/// multiplied with; null if there is none. Looks through what is linear.
static Value stripFactor(OpBuilder &builder, Value value, double &factor) {
  Scaled scaled = matchScaled(value);
  if (scaled.base != value) {
    factor *= scaled.factor;
    Value rest = stripFactor(builder, scaled.base, factor);
    return rest ? rest : scaled.base;
  }
  Operation *op = value.getDefiningOp();
  if (!op || !isa<ReshapeOp, TransposeOp, BroadcastOp, RotaryOp>(op))
    return {};
  Value input = stripFactor(builder, op->getOperand(0), factor);
  if (!input)
    return {};
  Operation *copy = builder.clone(*op);
  copy->setOperand(0, input);
  return copy->getResult(0);
}

namespace {
/// A scalar factor of queries or keys is part of the scale.
struct AbsorbScale : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AttentionOp op,
                                PatternRewriter &rewriter) const override {
    double factor = 1;
    Value query = stripFactor(rewriter, op.getQuery(), factor);
    Value key = stripFactor(rewriter, op.getKey(), factor);
    if (!query && !key)
      return rewriter.notifyMatchFailure(op, "no scalar factor");
    rewriter.modifyOpInPlace(op, [&] {
      if (query)
        op.getQueryMutable().assign(query);
      if (key)
        op.getKeyMutable().assign(key);
      op.setScale(APFloat(op.getScale().convertToDouble() * factor));
    });
    return success();
  }
};

/// Heads of which each is repeated `times` times, one after the other.
struct Repeated {
  Value heads; ///< The elements of batch × K × rows × features.
  SmallVector<int64_t> shape;
  int64_t times;
};
std::optional<Repeated> matchRepeated(Value value) {
  SmallVector<int64_t> shape(shapeOf(value));
  auto reshape = value.getDefiningOp<ReshapeOp>();
  auto broadcast =
      (reshape ? reshape.getInput() : value).getDefiningOp<BroadcastOp>();
  if (!broadcast)
    return std::nullopt;
  ArrayRef<int64_t> from = shapeOf(broadcast.getResult());
  std::optional<SmallVector<DimGroup>> groups = groupDims(from, shape);
  if (!groups)
    return std::nullopt;
  int64_t times = 1;
  for (const DimGroup &group : *groups) {
    bool isHeads = group.toBegin <= 1 && 1 < group.toEnd;
    bool repeats = false;
    for (int64_t dim = group.fromBegin; dim < group.fromEnd; ++dim) {
      bool own = llvm::is_contained(broadcast.getDims(), dim);
      // Repeated dimensions lie inside of the heads' own.
      if (from[dim] == 1)
        continue;
      if (own ? repeats : !isHeads || group.toSize() != 1)
        return std::nullopt;
      if (!own) {
        repeats = true;
        times *= from[dim];
      }
    }
  }
  if (times == 1)
    return std::nullopt;
  shape[1] /= times;
  return Repeated{broadcast.getInput(), shape, times};
}

/// Attention reads repeated keys and values where they are.
struct DropRepeatedHeads : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AttentionOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<Repeated> key = matchRepeated(op.getKey());
    if (!key)
      return rewriter.notifyMatchFailure(op, "key heads are not repeated");
    std::optional<Repeated> value = matchRepeated(op.getValue());
    if (!value || value->times != key->times)
      return rewriter.notifyMatchFailure(
          op, "value heads are not repeated as often as key heads");
    Value keys = createReshape(rewriter, op.getLoc(), key->heads, key->shape);
    Value values =
        createReshape(rewriter, op.getLoc(), value->heads, value->shape);
    rewriter.modifyOpInPlace(op, [&] {
      op.getKeyMutable().assign(keys);
      op.getValueMutable().assign(values);
    });
    return success();
  }
};
} // namespace

void prepare::populateAttentionPatterns(RewritePatternSet &patterns) {
  patterns.add<AbsorbScale, DropRepeatedHeads>(patterns.getContext());
  populateAttentionMaskPatterns(patterns);
}
