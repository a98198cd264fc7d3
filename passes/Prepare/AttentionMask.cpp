//===- AttentionMask.cpp - What a mask says ---------------------*- C++ -*-===//
//
// In terms of its parts (MaskParts.h):
//
// 1. select(c, 0, -inf) is the condition c; a conjunction is its parts.
// 2. select(c, 0, f) with a finite f and constants like it are conditions if
//    nothing else is added and each query is known to see a key: rows without
//    one would give an average, with a condition they give zeros.
// 3. The conditions that are known when compiling are read (KnownMask.h). What
//    they allow together is everything (nothing is left to do), or what
//    `causal` and `window` say, or stays a mask.
// 4. The rest is put together again.
//
//===----------------------------------------------------------------------===//
#include "passes/Prepare/AttentionMask.h"
#include "passes/Prepare/KnownMask.h"
#include "passes/Prepare/MaskParts.h"
#include "passes/Prepare/Match.h"
#include <cmath>

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::prepare;

namespace {
/// What a constant summand holds besides zeros.
enum class Summand { Other, Hides, HidesForGood };

Summand classify(Value value) {
  auto broadcast = value.getDefiningOp<BroadcastOp>();
  auto constant = skipReshapes(broadcast ? broadcast.getInput() : value)
                      .getDefiningOp<ConstantOp>();
  auto dense = constant ? dyn_cast<DenseFPElementsAttr>(constant.getValue())
                        : DenseFPElementsAttr();
  if (!dense || dense.getNumElements() > kMaxMaskReads)
    return Summand::Other;
  bool forGood = true;
  for (const APFloat &element : dense.getValues<APFloat>()) {
    if (element.isZero())
      continue;
    bool isInfinite = element.isInfinity() && element.isNegative();
    forGood &= isInfinite;
    APFloat number = element;
    bool losesInfo;
    number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                   &losesInfo);
    if (!isInfinite && !(number.convertToDouble() <= kHidesBelow))
      return Summand::Other;
  }
  return forGood ? Summand::HidesForGood : Summand::Hides;
}

struct SimplifyMask : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AttentionOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.getMask() || typeOf(op.getResult()).getNumElements() == 0)
      return rewriter.notifyMatchFailure(op, "no mask");
    MaskParts parts;
    parts.add(op.getMask());
    KnownMask known(op);
    SmallVector<Value> conditions, hiding;
    SmallVector<MaskParts::Summand> summands;
    bool readable = known.isReadable(), anyKnown = false, softly = false;
    for (Value condition : parts.conditions) {
      if (known.add(condition))
        anyKnown = true;
      else
        conditions.push_back(condition);
    }
    for (MaskParts::Summand summand : parts.summands) {
      bool mayHide = parts.summands.size() == 1;
      Summand kind = classify(summand.value);
      if (readable && kind == Summand::HidesForGood) {
        anyKnown = true;
        known.addZeros(summand.value);
      } else if (readable && mayHide && kind == Summand::Hides) {
        anyKnown = softly = true;
        known.addZeros(summand.value);
      } else if (mayHide && summand.condition && known.add(summand.condition)) {
        anyKnown = softly = true;
      } else {
        summands.push_back(summand);
      }
    }
    // A soft mask under conditions of the run: a row may see nothing.
    if (softly && !conditions.empty())
      return rewriter.notifyMatchFailure(op, "rows may be hidden when it runs");
    KnownMask::Verdict verdict;
    if (anyKnown)
      verdict = known.read();
    if (softly && !verdict.eachQuery)
      return rewriter.notifyMatchFailure(op, "some rows see nothing");
    bool dissolves = anyKnown && (verdict.all || verdict.isCausal);
    bool isFloat = !typeOf(op.getMask()).getElementType().isInteger(1);
    if (!dissolves &&
        (!isFloat || !summands.empty() || (!anyKnown && conditions.empty())))
      return rewriter.notifyMatchFailure(op, "as simple as it gets");
    if (anyKnown && !dissolves && !readable)
      return rewriter.notifyMatchFailure(op, "too large to write down");

    Location loc = op.getMask().getLoc();
    if (anyKnown && !dissolves)
      conditions.push_back(materialise(rewriter, loc, op, known));
    Value mask = combine(rewriter, loc, op, conditions, summands);
    rewriter.modifyOpInPlace(op, [&] {
      op.getMaskMutable().clear();
      if (mask)
        op.getMaskMutable().assign(mask);
      if (dissolves && !verdict.all) {
        op.setCausal(true);
        op.setWindow(verdict.window);
      }
    });
    return success();
  }

private:
  static Value materialise(OpBuilder &builder, Location loc, AttentionOp op,
                           KnownMask &known) {
    ArrayRef<int64_t> shape = shapeOf(op.getMask());
    SmallVector<bool> visible;
    for (int64_t batch = 0; batch < shape[0]; ++batch)
      for (int64_t head = 0; head < shape[1]; ++head)
        for (int64_t query = 0; query < shape[2]; ++query)
          for (int64_t key = 0; key < shape[3]; ++key)
            visible.push_back(known.holds(batch, head, query, key));
    auto type = RankedTensorType::get(shape, builder.getI1Type());
    return ConstantOp::create(builder, loc,
                              DenseElementsAttr::get(type, visible));
  }

  static Value combine(OpBuilder &builder, Location loc, AttentionOp op,
                       ArrayRef<Value> conditions,
                       ArrayRef<MaskParts::Summand> summands) {
    ArrayRef<int64_t> shape = shapeOf(op.getMask());
    Value visible = createConjunction(builder, loc, conditions, shape), sum;
    for (const MaskParts::Summand &summand : summands) {
      Value value = createReshape(builder, loc, summand.value, shape);
      sum = sum ? AddOp::create(builder, loc, sum.getType(), sum, value)
                      .getResult()
                : value;
    }
    if (!sum || !visible)
      return sum ? sum : visible;
    auto type = cast<RankedTensorType>(sum.getType());
    auto &semantics =
        cast<FloatType>(type.getElementType()).getFloatSemantics();
    auto splat = [&](APFloat number) {
      return ConstantOp::create(builder, loc,
                                DenseElementsAttr::get(type, number));
    };
    Value hidden = SelectOp::create(
        builder, loc, type, visible, splat(APFloat::getZero(semantics)),
        splat(APFloat::getInf(semantics, /*Negative=*/true)));
    return AddOp::create(builder, loc, type, sum, hidden);
  }
};

/// A repeated mask is read where it is.
struct SqueezeMask : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AttentionOp op,
                                PatternRewriter &rewriter) const override {
    auto broadcast = op.getMask() ? op.getMask().getDefiningOp<BroadcastOp>()
                                  : BroadcastOp();
    if (!broadcast)
      return rewriter.notifyMatchFailure(op, "the mask is not repeated");
    // The keys' dimension is always there in full.
    SmallVector<int64_t> shape(shapeOf(op.getMask())),
        dims(broadcast.getDims());
    bool hasKeys = llvm::is_contained(dims, 3);
    for (int64_t dim = 0; dim < 4; ++dim)
      if (!llvm::is_contained(dims, dim) && dim < 3)
        shape[dim] = 1;
    if (ArrayRef<int64_t>(shape) == shapeOf(op.getMask()))
      return rewriter.notifyMatchFailure(op, "only the keys are repeated");
    Location loc = op.getMask().getLoc();
    SmallVector<int64_t> kept(shape);
    if (!hasKeys)
      kept.pop_back();
    Value mask = createReshape(rewriter, loc, broadcast.getInput(), kept);
    if (!hasKeys) {
      auto type = RankedTensorType::get(
          shape, typeOf(broadcast.getInput()).getElementType());
      mask = BroadcastOp::create(rewriter, loc, type, mask,
                                 ArrayRef<int64_t>{0, 1, 2});
    }
    rewriter.modifyOpInPlace(op, [&] { op.getMaskMutable().assign(mask); });
    return success();
  }
};
} // namespace

void prepare::populateAttentionMaskPatterns(RewritePatternSet &patterns) {
  // Reading a mask is cheaper once it is squeezed.
  patterns.add<SqueezeMask>(patterns.getContext(), /*benefit=*/2);
  patterns.add<SimplifyMask>(patterns.getContext());
  populateSoftCausalPatterns(patterns);
}
