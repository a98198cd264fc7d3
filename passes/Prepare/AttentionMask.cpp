//===- AttentionMask.cpp - What a mask says ---------------------*- C++ -*-===//
//
// A mask is taken apart into *conditions*, all of which must hold for a key to
// be visible, and *summands* that are added to the scores.
//
// 1. select(c, 0, -inf) is the condition c; a conjunction is its parts.
// 2. select(c, 0, f) with a finite f and constants like it are conditions if
//    nothing else is added and each query is known to see a key: rows without
//    one would give an average, with a condition they give zeros.
// 3. The conditions that are known when compiling are read element by element.
//    What they allow together is everything (nothing is left to do), or what
//    `causal` and `window` say, or stays a mask.
// 4. The rest is put together again.
//
//===----------------------------------------------------------------------===//
#include "passes/Prepare/AttentionMask.h"
#include "passes/Prepare/KnownValues.h"
#include "passes/Prepare/Match.h"
#include <cmath>

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::prepare;

/// Larger masks are not read; they stay masks.
static constexpr int64_t kMaxReads = int64_t(1) << 24;
/// Finite numbers from here on hide a score next to a visible one.
static constexpr double kHidesBelow = -1e4;

namespace {
/// Parts of a mask. All have the mask's elements in its order; their shapes may
/// lack dimensions of size 1.
struct MaskParts {
  struct Summand {
    Value value;     ///< The whole summand.
    Value condition; ///< Not null: value is select(condition, 0, finite).
  };
  SmallVector<Value> conditions;
  SmallVector<Summand> summands;

  void addCondition(Value value) {
    value = skipReshapes(value);
    auto both = value.getDefiningOp<AndOp>();
    if (!both)
      return conditions.push_back(value);
    addCondition(both.getLhs());
    addCondition(both.getRhs());
  }

  void add(Value value) {
    value = skipReshapes(value);
    if (typeOf(value).getElementType().isInteger(1))
      return addCondition(value);
    if (auto sum = value.getDefiningOp<AddOp>()) {
      add(sum.getLhs());
      return add(sum.getRhs());
    }
    if (auto select = value.getDefiningOp<SelectOp>()) {
      std::optional<double> fill = scalarOf(select.getOnFalse());
      if (scalarOf(select.getOnTrue()) == 0.0 && fill && *fill <= kHidesBelow) {
        if (std::isinf(*fill))
          return addCondition(select.getCondition());
        return summands.push_back({value, select.getCondition()});
      }
    }
    summands.push_back({value, {}});
  }
};

/// What is visible by conditions that are known when compiling.
class KnownMask {
public:
  explicit KnownMask(AttentionOp op)
      : shape(shapeOf(op.getMask())), queries(shapeOf(op.getQuery())[2]),
        keys(shapeOf(op.getKey())[2]), causal(op.getCausal()),
        window(op.getWindow()) {}

  bool isReadable() const {
    return shape[0] * shape[1] * queries * keys <= kMaxReads;
  }
  bool isKnown(Value value) { return values.isKnown(value); }

  void add(Value condition) {
    conditions.push_back({values.read(condition, shape), false});
  }
  /// A constant summand: visible where it is zero.
  void addZeros(Value summand) {
    conditions.push_back({values.read(summand, shape), true});
  }

  struct Verdict {
    bool all = true, eachQuery = true, isCausal = true;
    int64_t window = 0;
  };
  Verdict read() {
    Verdict verdict;
    // The last query tells how wide a window would be.
    int64_t width = 0;
    for (int64_t key = 0; key < keys; ++key)
      width += sees(0, 0, queries - 1, key);
    verdict.window = width < keys ? width : 0;
    for (int64_t batch = 0; batch < shape[0]; ++batch)
      for (int64_t head = 0; head < shape[1]; ++head)
        for (int64_t query = 0; query < queries; ++query) {
          bool any = false;
          int64_t last = query + keys - queries;
          for (int64_t key = 0; key < keys; ++key) {
            bool visible = sees(batch, head, query, key);
            any |= visible;
            verdict.all &= visible;
            bool expected =
                key <= last && (!verdict.window || key > last - verdict.window);
            verdict.isCausal &= visible == expected;
          }
          verdict.eachQuery &= any;
        }
    return verdict;
  }

  /// Together with the op's own causal and window.
  bool sees(int64_t batch, int64_t head, int64_t query, int64_t key) const {
    int64_t last = query + keys - queries;
    if (causal && (key > last || (window && key <= last - window)))
      return false;
    return holds(batch, head, query, key);
  }
  bool holds(int64_t batch, int64_t head, int64_t query, int64_t key) const {
    int64_t index[] = {batch, head, shape[2] == 1 ? 0 : query, key};
    return llvm::all_of(conditions, [&](const Condition &condition) {
      double element = condition.view.at(index);
      return condition.zeros ? element == 0 : element != 0;
    });
  }

private:
  struct Condition {
    KnownView view; ///< In the mask's shape.
    bool zeros;     ///< Holds where the element is zero, else where it is not.
  };
  SmallVector<int64_t> shape;
  int64_t queries, keys;
  bool causal;
  int64_t window;
  SmallVector<Condition> conditions;
  KnownValues values;
};

/// What a constant summand holds besides zeros.
enum class Summand { Other, Hides, HidesForGood };

Summand classify(Value value) {
  auto broadcast = value.getDefiningOp<BroadcastOp>();
  auto constant = skipReshapes(broadcast ? broadcast.getInput() : value)
                      .getDefiningOp<ConstantOp>();
  auto dense = constant ? dyn_cast<DenseFPElementsAttr>(constant.getValue())
                        : DenseFPElementsAttr();
  if (!dense || dense.getNumElements() > kMaxReads)
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
      if (readable && known.isKnown(condition)) {
        anyKnown = true;
        known.add(condition);
      } else {
        conditions.push_back(condition);
      }
    }
    for (MaskParts::Summand summand : parts.summands) {
      bool mayHide = readable && parts.summands.size() == 1;
      Summand kind = classify(summand.value);
      if (readable && kind == Summand::HidesForGood) {
        anyKnown = true;
        known.addZeros(summand.value);
      } else if (mayHide && kind == Summand::Hides) {
        anyKnown = softly = true;
        known.addZeros(summand.value);
      } else if (mayHide && summand.condition &&
                 known.isKnown(summand.condition)) {
        anyKnown = softly = true;
        known.add(summand.condition);
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
    Value visible, sum;
    for (Value condition : conditions) {
      condition = createReshape(builder, loc, condition, shape);
      visible = visible ? AndOp::create(builder, loc, visible.getType(),
                                        visible, condition)
                              .getResult()
                        : condition;
    }
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
}
