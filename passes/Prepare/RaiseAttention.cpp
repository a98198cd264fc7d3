//===- RaiseAttention.cpp - graph-raise-attention ---------------*- C++ -*-===//
//
// Terms. The *scores* are a product of queries and keys, perhaps scaled and
// soft-capped, plus *mask terms*; their softmax over the keys, the
// *probabilities*, is multiplied with the values. A *guard* turns NaN
// probabilities, which rows without a visible key have, to zeros.
//
// 1. From the product with the values go up to the softmax, through the guard
//    and a dropout.
// 2. From there to the product of queries and keys, collecting mask terms and
//    factors (matchScores).
// 3. Bring the operands into the op's order of dimensions: batch, head, row,
//    feature. Transposes that this makes cancel with the ones in the graph.
// 4. Patterns on the op take over scales, grouped heads and masks
//    (AttentionOperands.cpp, AttentionMask.cpp).
//
// Rows without a visible key: guarded ones give zeros, as the op does.
// Unguarded ones give NaN in the original and zeros here. Where masked scores
// are finite they give an average, and the mask stays a sum, so that they still
// do.
//
//===----------------------------------------------------------------------===//
#include "passes/Prepare/Match.h"
#include "passes/Prepare/Passes.h"
#include "passes/Prepare/Patterns.h"
#include "passes/Prepare/Rewrite.h"
#include <cmath>

namespace vescale::prepare {
#define GEN_PASS_DEF_GRAPHRAISEATTENTION
#include "passes/Prepare/Passes.h.inc"
} // namespace vescale::prepare

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::prepare;

namespace {
/// A mask term: `value` times `factor` is added, or, if `value` is boolean,
/// scores where it is `visible` stay and others become `fill`.
struct MaskTerm {
  Value value;
  double factor = 1;
  bool visible = true;
  double fill = 0;
};

struct Scores {
  DotOp dot;
  double scale = 1, softcap = 0;
  SmallVector<MaskTerm> terms;
};

/// Scores below this leave nothing after the softmax, next to any other.
constexpr double kMaskedBelow = -1e4;
} // namespace

/// Goes from `value`, which counts `outer` times, up to a product.
static bool matchScores(Value value, double outer, Scores &scores) {
  Scaled scaled = matchScaled(value);
  outer *= scaled.factor;
  Operation *op = scaled.base.getDefiningOp();
  if (!op)
    return false;
  if (auto dot = dyn_cast<DotOp>(op)) {
    scores.dot = dot;
    scores.scale = outer * (scores.softcap > 0 ? scores.softcap : 1);
    return true;
  }
  if (auto conversion = dyn_cast<CastOp>(op))
    return isa<FloatType>(typeOf(conversion.getInput()).getElementType()) &&
           matchScores(conversion.getInput(), outer, scores);
  if (scores.softcap > 0) // The cap is inside of all masks.
    return false;
  if (isa<TanhOp>(op)) {
    if (outer <= 0)
      return false;
    scores.softcap = outer;
    return matchScores(op->getOperand(0), 1, scores);
  }
  auto tryPath = [&](Value path, MaskTerm term) {
    Scores attempt = scores;
    attempt.terms.push_back(term);
    if (!matchScores(path, outer, attempt))
      return false;
    scores = attempt;
    return true;
  };
  if (auto add = dyn_cast<AddOp>(op))
    return tryPath(add.getLhs(), {add.getRhs(), outer}) ||
           tryPath(add.getRhs(), {add.getLhs(), outer});
  if (auto sub = dyn_cast<SubOp>(op))
    return tryPath(sub.getLhs(), {sub.getRhs(), -outer});
  if (auto select = dyn_cast<SelectOp>(op))
    for (bool visible : {true, false}) {
      Value path = visible ? select.getOnTrue() : select.getOnFalse();
      std::optional<double> fill =
          scalarOf(visible ? select.getOnFalse() : select.getOnTrue());
      if (fill && *fill * outer <= kMaskedBelow)
        return tryPath(path,
                       {select.getCondition(), 1, visible, *fill * outer});
    }
  return false;
}

namespace {
/// softmax(…), whether NaN is turned to zero behind it, and what is dropped.
struct Probabilities {
  SoftmaxOp softmax;
  bool guarded = false;
  DropoutOp dropout;
};
} // namespace

static Probabilities matchProbabilities(Value value) {
  Probabilities result;
  while (Operation *op = value.getDefiningOp()) {
    if (auto softmax = dyn_cast<SoftmaxOp>(op)) {
      result.softmax = softmax;
      return result;
    }
    if (auto conversion = dyn_cast<CastOp>(op)) {
      value = conversion.getInput();
      continue;
    }
    if (auto dropout = dyn_cast<DropoutOp>(op);
        dropout && !dropout.getCounters() && !result.dropout) {
      result.dropout = dropout;
      value = dropout.getInput();
      continue;
    }
    auto select = dyn_cast<SelectOp>(op);
    if (!select || scalarOf(select.getOnTrue()) != 0.0)
      return {};
    auto isNan = select.getCondition().getDefiningOp<IsNanOp>();
    if (!isNan || isNan.getInput() != select.getOnFalse())
      return {};
    result.guarded = true;
    value = select.getOnFalse();
  }
  return {};
}

namespace {
/// Attention as it was found, with the dimensions of its parts.
struct Attention {
  DotOp product; ///< With the values.
  Probabilities probabilities;
  Scores scores;
  Value query, key, value;
  /// Order in which each operand has batch dimensions, rows and features.
  SmallVector<int64_t> queryOrder, keyOrder, valueOrder;
  /// Order in which the scores have batch dimensions, queries and keys.
  SmallVector<int64_t> scoresOrder;
  /// Dimensions of the product, in the canonical order.
  SmallVector<int64_t> resultOrder;
};
} // namespace

/// Null on success, else why the product is not one of attention. An empty text
/// says that nothing about it is like attention.
static std::optional<StringRef> matchAttention(DotOp product, bool onLeft,
                                               Attention &found) {
  found.product = product;
  Value probabilities = onLeft ? product.getLhs() : product.getRhs();
  found.probabilities = matchProbabilities(probabilities);
  SoftmaxOp softmax = found.probabilities.softmax;
  if (!softmax)
    return "";
  if (!matchScores(softmax.getInput(), 1, found.scores))
    return "its input is not recognised as scaled and masked scores";
  DotOp dot = found.scores.dot;
  int64_t batches = dot.getLhsBatch().size(), rank = rankOf(dot.getResult());
  SmallVector<int64_t> lhsFree = dot.getLhsFree(), rhsFree = dot.getRhsFree();
  if (lhsFree.size() != 1 || rhsFree.size() != 1 ||
      dot.getLhsContract().size() != 1)
    return "queries or keys have several row or feature dimensions";
  int64_t keyDim = softmax.getDim();
  if (keyDim < batches)
    return "the softmax is not over the keys";

  // Batch dimensions come first in the scores, then lhs's rows, then rhs's.
  bool queryLeft = keyDim == rank - 1;
  int64_t queryDim = queryLeft ? rank - 2 : rank - 1;
  auto orderOf = [&](bool left) {
    SmallVector<int64_t> order(left ? dot.getLhsBatch() : dot.getRhsBatch());
    order.push_back(left ? lhsFree.front() : rhsFree.front());
    order.push_back((left ? dot.getLhsContract() : dot.getRhsContract())[0]);
    return order;
  };
  found.query = queryLeft ? dot.getLhs() : dot.getRhs();
  found.key = queryLeft ? dot.getRhs() : dot.getLhs();
  found.queryOrder = orderOf(queryLeft);
  found.keyOrder = orderOf(!queryLeft);
  for (int64_t batch = 0; batch < batches; ++batch)
    found.scoresOrder.push_back(batch);
  found.scoresOrder.append({queryDim, keyDim});

  ArrayRef<int64_t> ownBatch = product.getLhsBatch(),
                    otherBatch = product.getRhsBatch(),
                    ownContract = product.getLhsContract(),
                    otherContract = product.getRhsContract();
  SmallVector<int64_t> otherFree = product.getRhsFree();
  found.value = product.getRhs();
  if (!onLeft) {
    std::swap(ownBatch, otherBatch);
    std::swap(ownContract, otherContract);
    otherFree = product.getLhsFree();
    found.value = product.getLhs();
  }
  if (ownContract != ArrayRef(keyDim) ||
      static_cast<int64_t>(ownBatch.size()) != batches ||
      llvm::is_contained(ownBatch, queryDim) || otherFree.size() != 1)
    return "the product with the values is not over the keys of each head";
  for (int64_t batch = 0; batch < batches; ++batch) {
    int64_t place = llvm::find(ownBatch, batch) - ownBatch.begin();
    found.valueOrder.push_back(otherBatch[place]);
    found.resultOrder.push_back(place);
  }
  found.valueOrder.append({otherContract.front(), otherFree.front()});
  found.resultOrder.push_back(onLeft ? batches : batches + 1);
  found.resultOrder.push_back(onLeft ? batches + 1 : batches);
  Type element = typeOf(found.value).getElementType();
  if (element != typeOf(found.query).getElementType())
    return "queries and values have different element types";
  return std::nullopt;
}

namespace {
struct RaiseAttention : OpRewritePattern<DotOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DotOp op,
                                PatternRewriter &rewriter) const override {
    for (bool onLeft : {true, false}) {
      Attention found;
      if (matchAttention(op, onLeft, found))
        continue;
      rewriter.replaceOp(op, build(rewriter, found));
      return success();
    }
    return rewriter.notifyMatchFailure(op, "not attention");
  }

private:
  /// As batch × head × rows × features. Heads may be several dimensions (groups
  /// and heads within them) or none.
  static Value arrange(OpBuilder &builder, Location loc, Value value,
                       ArrayRef<int64_t> order) {
    value = createTranspose(builder, loc, value, order);
    ArrayRef<int64_t> batch = shapeOf(value).drop_back(2);
    SmallVector<int64_t> shape{1, 1};
    for (auto [index, size] : llvm::enumerate(batch))
      shape[index > 0] *= size;
    llvm::append_range(shape, shapeOf(value).take_back(2));
    return createReshape(builder, loc, value, shape);
  }

  static Value build(OpBuilder &builder, Attention &found) {
    DotOp product = found.product;
    SmallVector<Value> origins = {found.probabilities.softmax.getResult(),
                                  product.getResult(),
                                  found.scores.dot.getResult()};
    DropoutOp dropout = found.probabilities.dropout;
    if (dropout)
      origins.push_back(dropout.getResult());
    Location loc = fuseLocations(origins);
    Value query = arrange(builder, loc, found.query, found.queryOrder);
    Value key = arrange(builder, loc, found.key, found.keyOrder);
    Value value = arrange(builder, loc, found.value, found.valueOrder);
    Value mask = buildMask(builder, loc, found);
    if (mask)
      mask = arrange(builder, loc, mask, found.scoresOrder);
    Type element = typeOf(query).getElementType();
    if (mask && !typeOf(mask).getElementType().isInteger(1) &&
        typeOf(mask).getElementType() != element)
      mask = CastOp::create(
          builder, loc, RankedTensorType::get(shapeOf(mask), element), mask);
    SmallVector<int64_t> shape(shapeOf(query));
    shape.back() = shapeOf(value).back();
    auto attention = AttentionOp::create(
        builder, loc, RankedTensorType::get(shape, element), query, key, value,
        mask, APFloat(found.scores.scale), APFloat(found.scores.softcap),
        /*window=*/0, /*causal=*/false);
    if (dropout)
      attention.setDropAttr(dropout.getDropAttr());
    Value result = attention.getResult();
    // Back to the product's dimensions.
    SmallVector<int64_t> canonical;
    for (int64_t dim : found.resultOrder)
      canonical.push_back(shapeOf(product.getResult())[dim]);
    result = createReshape(builder, loc, result, canonical);
    SmallVector<int64_t> back(found.resultOrder.size());
    for (auto [place, dim] : llvm::enumerate(found.resultOrder))
      back[dim] = place;
    return createTranspose(builder, loc, result, back);
  }

  /// All terms as one mask in the scores' shape: boolean if all of them hide
  /// scores for good, else a sum.
  static Value buildMask(OpBuilder &builder, Location loc, Attention &found) {
    RankedTensorType type = typeOf(found.probabilities.softmax.getInput());
    auto boolean = RankedTensorType::get(type.getShape(), builder.getI1Type());
    auto splat = [&](double number) -> Value {
      APFloat value(number);
      bool losesInfo;
      value.convert(cast<FloatType>(type.getElementType()).getFloatSemantics(),
                    APFloat::rmNearestTiesToEven, &losesInfo);
      return ConstantOp::create(builder, loc,
                                DenseElementsAttr::get(type, value));
    };
    Value visible, sum;
    auto addTerm = [&](Value term) {
      sum =
          sum ? AddOp::create(builder, loc, type, sum, term).getResult() : term;
    };
    auto hide = [&](Value condition, double fill) {
      addTerm(SelectOp::create(builder, loc, type, condition, splat(0),
                               splat(fill)));
    };
    for (const MaskTerm &term : found.scores.terms) {
      if (!typeOf(term.value).getElementType().isInteger(1)) {
        Value value = term.value;
        if (value.getType() != type)
          value = CastOp::create(builder, loc, type, value);
        if (term.factor != 1)
          value = MulOp::create(builder, loc, type, value, splat(term.factor));
        addTerm(value);
        continue;
      }
      Value condition = term.value;
      if (!term.visible)
        condition = NotOp::create(builder, loc, boolean, condition);
      if (!std::isinf(term.fill))
        hide(condition, term.fill);
      else
        visible = visible
                      ? AndOp::create(builder, loc, boolean, visible, condition)
                            .getResult()
                      : condition;
    }
    if (!sum || !visible)
      return sum ? sum : visible;
    hide(visible, -INFINITY);
    return sum;
  }
};

class GraphRaiseAttention
    : public prepare::impl::GraphRaiseAttentionBase<GraphRaiseAttention> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<RaiseAttention>(&getContext());
    populateSimplifyPatterns(patterns);
    populateAttentionPatterns(patterns);
    if (failed(rewriteToFixpoint(getOperation(), std::move(patterns))))
      return signalPassFailure();
    getOperation()->walk([&](AttentionOp op) {
      ++attentions;
      causals += op.getCausal();
    });
    remarkOnTheRest();
  }

  /// A softmax whose result goes into a product is likely to be attention.
  void remarkOnTheRest() {
    getOperation()->walk([&](DotOp op) {
      for (bool onLeft : {true, false}) {
        Attention found;
        std::optional<StringRef> why = matchAttention(op, onLeft, found);
        if (!why || why->empty())
          continue;
        ++missed;
        InFlightDiagnostic remark =
            found.probabilities.softmax.emitRemark("softmax before a product "
                                                   "is not raised to "
                                                   "attention: ")
            << *why;
        remark.attachNote(op.getLoc()) << "the product";
      }
    });
  }
};
} // namespace
