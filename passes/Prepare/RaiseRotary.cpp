//===- RaiseRotary.cpp - graph-raise-rotary ---------------------*- C++ -*-===//
//
// Pairs a, b of features, halves of them or neighbours, become
// a · cos - b · sin, b · cos + a · sin. Two spellings:
//
// 1. x · cos + rotated(x) · sin, where rotated(x) has -b, a for each pair. The
//    tables have an entry for each feature, which must be that of its pair.
// 2. Both features of all pairs apart, set together afterwards. The tables have
//    an entry for each pair.
//
// Tables may be computed or constant, over all dimensions or some.
//
//===----------------------------------------------------------------------===//
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "passes/Prepare/FeatureSlice.h"
#include "passes/Prepare/Match.h"
#include "passes/Prepare/Passes.h"
#include "passes/Prepare/Patterns.h"
#include "passes/Prepare/Rewrite.h"
#include "passes/Prepare/RotaryTable.h"

namespace vescale::prepare {
#define GEN_PASS_DEF_GRAPHRAISEROTARY
#include "passes/Prepare/Passes.h.inc"
} // namespace vescale::prepare

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::prepare;

namespace {
/// rotated(x): pairs (a, b) become sign · (-b, a).
struct Rotated {
  PairOrder order;
  double sign;
};

/// In the first spelling.
struct Rotation {
  Value x, cos, sin; ///< Of one shape.
  Rotated rotated;
};

/// In the second.
struct PairRotation {
  FeatureSlice x;
  Value cos, sin; ///< Of x's shape, but for one entry per pair.
  double sign;
};
} // namespace

/// Whether first and second are sign · -b and sign · a of x's pairs.
static std::optional<double> matchPair(Value first, Value second,
                                       const FeatureSlice &x, PairOrder order) {
  Scaled b = matchScaled(first), a = matchScaled(second);
  int64_t half = x.count / 2;
  bool halves = order == PairOrder::Halves;
  if (b.factor != -a.factor || (a.factor != 1 && a.factor != -1) ||
      !FeatureSlice::of(a.base).isPartOf(x, 0, halves ? 1 : 2, half) ||
      !FeatureSlice::of(b.base).isPartOf(x, halves ? half : 1, halves ? 1 : 2,
                                         half))
    return std::nullopt;
  return a.factor;
}

static std::optional<Rotated> matchRotated(Value value, Value x) {
  FeatureSlice whole = FeatureSlice::of(x);
  int64_t rank = rankOf(value);
  if (rank == 0 || whole.count % 2)
    return std::nullopt;
  auto concat = value.getDefiningOp<ConcatOp>();
  if (concat && concat.getInputs().size() == 2 &&
      static_cast<int64_t>(concat.getDim()) == rank - 1) {
    auto sign = matchPair(concat.getInputs()[0], concat.getInputs()[1], whole,
                          PairOrder::Halves);
    if (sign)
      return Rotated{PairOrder::Halves, *sign};
  }
  // Neighbours: both parts get a dimension of size 1, are set side by side
  // along it, and that is merged with the pairs.
  concat = skipReshapes(value).getDefiningOp<ConcatOp>();
  if (!concat || concat.getInputs().size() != 2)
    return std::nullopt;
  SmallVector<int64_t> shape(shapeOf(value));
  shape.back() /= 2;
  shape.push_back(2);
  if (shapeOf(concat.getResult()) != ArrayRef(shape) ||
      static_cast<int64_t>(concat.getDim()) != rank)
    return std::nullopt;
  SmallVector<Value> parts;
  for (Value input : concat.getInputs()) {
    auto reshape = input.getDefiningOp<ReshapeOp>();
    if (!reshape || shapeOf(reshape.getInput()) != ArrayRef(shape).drop_back())
      return std::nullopt;
    parts.push_back(reshape.getInput());
  }
  auto sign = matchPair(parts[0], parts[1], whole, PairOrder::Interleaved);
  if (!sign)
    return std::nullopt;
  return Rotated{PairOrder::Interleaved, *sign};
}

/// sum = x · cos ± rotated(x) · sin, in any order of the factors.
static std::optional<Rotation> matchRotation(RotaryTables &tables,
                                             Value straight, Value crossed,
                                             double sign) {
  auto first = straight.getDefiningOp<MulOp>(),
       second = crossed.getDefiningOp<MulOp>();
  if (!first || !second)
    return std::nullopt;
  Rotation rotation;
  bool found = matchCommuted<MulOp>(straight, [&](Value x, Value cos) {
    return matchCommuted<MulOp>(crossed, [&](Value turned, Value sin) {
      std::optional<Rotated> rotated = matchRotated(turned, x);
      if (!rotated || !tables.repeatsPairs(cos, rotated->order) ||
          !tables.repeatsPairs(sin, rotated->order))
        return false;
      rotation = {x, cos, sin, {rotated->order, rotated->sign * sign}};
      return true;
    });
  });
  return found ? std::optional(rotation) : std::nullopt;
}

/// Whether value is a · b in any order.
static bool isProduct(Value value, Value a, Value b) {
  return matchCommuted<MulOp>(
      value, [&](Value left, Value right) { return left == a && right == b; });
}

/// The features of both slices, if they are a pair's in this order.
static std::optional<FeatureSlice> joinPair(Value first, Value second,
                                            PairOrder order) {
  FeatureSlice x = FeatureSlice::of(first), b = FeatureSlice::of(second);
  if (order == PairOrder::Interleaved) {
    if (x.stride % 2)
      return std::nullopt;
    x.stride /= 2;
  }
  int64_t half = x.count;
  x.count *= 2;
  bool halves = order == PairOrder::Halves;
  if (!b.isPartOf(x, halves ? half : 1, halves ? 1 : 2, half))
    return std::nullopt;
  return x;
}

/// first = a · cos - b · sin and second = b · cos + a · sin, or with the other
/// sign.
static std::optional<PairRotation> matchPairs(Value first, Value second,
                                              PairOrder order) {
  std::optional<PairRotation> found;
  auto match = [&](Value straight, Value crossed, double sign) {
    return matchCommuted<MulOp>(straight, [&](Value a, Value cos) {
      return matchCommuted<MulOp>(crossed, [&](Value b, Value sin) {
        auto isOther = [&](Value left, Value right) {
          return isProduct(left, b, cos) && isProduct(right, a, sin);
        };
        auto minus = second.getDefiningOp<SubOp>();
        bool fits = sign > 0 ? matchCommuted<AddOp>(second, isOther)
                             : minus && isOther(minus.getLhs(), minus.getRhs());
        std::optional<FeatureSlice> x;
        if (fits)
          x = joinPair(a, b, order);
        if (x)
          found = {*x, cos, sin, sign};
        return x.has_value();
      });
    });
  };
  if (auto minus = first.getDefiningOp<SubOp>())
    match(minus.getLhs(), minus.getRhs(), 1);
  else
    matchCommuted<AddOp>(first, [&](Value straight, Value crossed) {
      return match(straight, crossed, -1);
    });
  return found;
}

/// The rotary op, whose rows are the second last dimension. Where the tables,
/// which have an entry per pair, have their positions in another one, x is
/// transposed before and behind.
static Value buildRotary(OpBuilder &builder, Location loc, Value x, Value cos,
                         Value sin, PairOrder order, double sign) {
  SmallVector<int64_t> original(shapeOf(x));
  if (sign < 0)
    sin = NegOp::create(builder, loc, sin.getType(), sin);
  cos = squeezeBroadcast(builder, loc, cos);
  sin = squeezeBroadcast(builder, loc, sin);
  int64_t rank = rankOf(x), rows = rank - 2;
  // The innermost dimension along which the tables differ.
  auto isRow = [&](int64_t dim) {
    return shapeOf(cos)[dim] != 1 || shapeOf(sin)[dim] != 1;
  };
  int64_t positions = rows;
  while (positions > 0 && !isRow(positions))
    --positions;
  if (!isRow(positions) || shapeOf(x)[rows] == 1)
    positions = rows;
  auto swap = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  std::swap(swap[rows], swap[positions]);
  x = createTranspose(builder, loc, x, swap);
  // Both tables get one shape, with all rows and all that either one has.
  SmallVector<int64_t> shape;
  for (int64_t dim = 0; dim < rank; ++dim)
    shape.push_back(std::max(shapeOf(cos)[dim], shapeOf(sin)[dim]));
  shape[positions] = original[positions];
  auto fit = [&](Value table) {
    SmallVector<int64_t> dims, kept;
    for (int64_t dim = 0; dim < rank; ++dim)
      if (shapeOf(table)[dim] == shape[dim]) {
        dims.push_back(dim);
        kept.push_back(shape[dim]);
      }
    if (static_cast<int64_t>(dims.size()) != rank) {
      table = createReshape(builder, loc, table, kept);
      auto type = RankedTensorType::get(shape, typeOf(table).getElementType());
      table = BroadcastOp::create(builder, loc, type, table, dims);
    }
    return createTranspose(builder, loc, table, swap);
  };
  Value result = RotaryOp::create(
      builder, loc, x.getType(), x, fit(cos), fit(sin),
      order == PairOrder::Interleaved ? builder.getUnitAttr() : UnitAttr());
  return createTranspose(builder, loc, result, swap);
}

namespace {
template <typename Op> struct RaiseRotary : OpRewritePattern<Op> {
  RaiseRotary(MLIRContext *context, RotaryTables &tables)
      : OpRewritePattern<Op>(context), tables(tables) {}
  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (rankOf(op.getResult()) < 2)
      return rewriter.notifyMatchFailure(op, "has no rows");
    double sign = std::is_same_v<Op, SubOp> ? -1 : 1;
    std::optional<Rotation> rotation =
        matchRotation(tables, op.getLhs(), op.getRhs(), sign);
    if (!rotation && sign > 0)
      rotation = matchRotation(tables, op.getRhs(), op.getLhs(), sign);
    if (!rotation)
      return rewriter.notifyMatchFailure(op, "not a rotation of pairs");
    Location loc = fuseLocations({op.getResult(), op.getRhs()});
    auto [order, turn] = rotation->rotated;
    Value cos = tables.onePerPair(rewriter, rotation->cos, order);
    Value sin = tables.onePerPair(rewriter, rotation->sin, order);
    rewriter.replaceOp(
        op, buildRotary(rewriter, loc, rotation->x, cos, sin, order, turn));
    return success();
  }

private:
  RotaryTables &tables;
};

/// The second spelling: halves set side by side, or neighbours along a new
/// dimension of two.
struct RaisePairs : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConcatOp op,
                                PatternRewriter &rewriter) const override {
    int64_t rank = rankOf(op.getResult());
    if (op.getInputs().size() != 2 ||
        static_cast<int64_t>(op.getDim()) != rank - 1)
      return rewriter.notifyMatchFailure(op, "not two parts of features");
    Value first = op.getInputs()[0], second = op.getInputs()[1];
    bool stacks = shapeOf(first).back() == 1 && shapeOf(second).back() == 1;
    std::optional<PairRotation> pairs;
    PairOrder order = PairOrder::Halves;
    if (rank >= 2)
      pairs = matchPairs(first, second, order);
    if (!pairs && stacks && rank >= 3) {
      order = PairOrder::Interleaved;
      first = dropLast(first);
      second = dropLast(second);
      if (first && second)
        pairs = matchPairs(first, second, order);
    }
    if (!pairs)
      return rewriter.notifyMatchFailure(op, "not both features of pairs");
    Location loc = fuseLocations({op.getResult(), first, second});
    Value x = pairs->x.build(rewriter, loc);
    Value result = buildRotary(rewriter, loc, x, pairs->cos, pairs->sin, order,
                               pairs->sign);
    rewriter.replaceOp(
        op, createReshape(rewriter, loc, result, shapeOf(op.getResult())));
    return success();
  }

private:
  /// What is here with a last dimension of size 1 more.
  static Value dropLast(Value value) {
    auto reshape = value.getDefiningOp<ReshapeOp>();
    bool only =
        reshape && shapeOf(reshape.getInput()) == shapeOf(value).drop_back();
    return only ? reshape.getInput() : Value();
  }
};

/// Rotated features beside the ones that pass through are a partial rotation.
struct ExtendRotary : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConcatOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getInputs().size() != 2 ||
        static_cast<int64_t>(op.getDim()) != rankOf(op.getResult()) - 1)
      return rewriter.notifyMatchFailure(op, "not along the features");
    Value turned = op.getInputs()[0];
    auto back = turned.getDefiningOp<TransposeOp>();
    auto rotary = (back ? back.getInput() : turned).getDefiningOp<RotaryOp>();
    if (!rotary)
      return rewriter.notifyMatchFailure(op, "not of a rotary op");
    FeatureSlice part = FeatureSlice::of(rotary.getInput()),
                 rest = FeatureSlice::of(op.getInputs()[1]);
    FeatureSlice::Move move{true, {}};
    if (back) {
      if (back.getPermutation().back() != rankOf(turned) - 1)
        return rewriter.notifyMatchFailure(op, "the transpose moves features");
      move.dims = invertPermutationVector(back.getPermutation());
      rest.moves.push_back(move);
    }
    if (!rest.sameSource(part) || rest.stride != part.stride ||
        rest.start != part.start + part.count * part.stride)
      return rewriter.notifyMatchFailure(op, "the rest are other features");
    part.count += rest.count;
    Value whole = part.build(rewriter, rotary.getLoc());
    Value result = RotaryOp::create(rewriter, rotary.getLoc(), whole.getType(),
                                    whole, rotary.getCos(), rotary.getSin(),
                                    rotary.getInterleavedAttr());
    if (back)
      result =
          createTranspose(rewriter, op.getLoc(), result, back.getPermutation());
    rewriter.replaceOp(op, result);
    return success();
  }
};

class GraphRaiseRotary
    : public prepare::impl::GraphRaiseRotaryBase<GraphRaiseRotary> {
  void runOnOperation() override {
    RotaryTables tables;
    RewritePatternSet patterns(&getContext());
    patterns.add<RaiseRotary<AddOp>, RaiseRotary<SubOp>>(&getContext(), tables);
    patterns.add<RaisePairs, ExtendRotary>(&getContext());
    populateSimplifyPatterns(patterns);
    if (failed(rewriteToFixpoint(getOperation(), std::move(patterns))))
      return signalPassFailure();
    getOperation()->walk([&](RotaryOp) { ++rotations; });
  }
};
} // namespace
