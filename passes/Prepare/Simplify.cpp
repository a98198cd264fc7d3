//===- Simplify.cpp - graph-simplify ----------------------------*- C++ -*-===//
//
// One spelling for what exports spell in many ways. The dialect's own
// canonicalisation does the algebra of shapes; this adds arithmetic, and moves
// broadcasts and flattening reshapes toward the users.
//
//===----------------------------------------------------------------------===//
#include "passes/Prepare/Match.h"
#include "passes/Prepare/Passes.h"
#include "passes/Prepare/Patterns.h"
#include "passes/Prepare/Rewrite.h"

namespace vescale::prepare {
#define GEN_PASS_DEF_GRAPHSIMPLIFY
#include "passes/Prepare/Passes.h.inc"
} // namespace vescale::prepare

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::prepare;

namespace {
/// A power with a small known exponent is a product or a root.
struct ExpandPower : OpRewritePattern<PowOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PowOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<double> exponent = scalarOf(op.getRhs());
    if (!exponent)
      return rewriter.notifyMatchFailure(op, "the exponent is not known");
    Value x = op.getLhs();
    Type type = op.getType();
    if (*exponent == 2 || *exponent == 3) {
      Value square = MulOp::create(rewriter, op.getLoc(), type, x, x);
      if (*exponent == 2)
        rewriter.replaceOp(op, square);
      else
        rewriter.replaceOpWithNewOp<MulOp>(op, type, square, x);
    } else if (*exponent == 0.5) {
      rewriter.replaceOpWithNewOp<SqrtOp>(op, type, x);
    } else if (*exponent == -0.5) {
      rewriter.replaceOpWithNewOp<RsqrtOp>(op, type, x);
    } else if (*exponent == -1) {
      rewriter.replaceOpWithNewOp<ReciprocalOp>(op, type, x);
    } else {
      return rewriter.notifyMatchFailure(op, "no simpler form");
    }
    return success();
  }
};

/// 1 / x is reciprocal(x).
struct DivideOne : OpRewritePattern<DivOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DivOp op,
                                PatternRewriter &rewriter) const override {
    if (scalarOf(op.getLhs()) != 1.0 ||
        !isa<FloatType>(typeOf(op.getLhs()).getElementType()))
      return rewriter.notifyMatchFailure(op, "not 1 divided by a float");
    rewriter.replaceOpWithNewOp<ReciprocalOp>(op, op.getType(), op.getRhs());
    return success();
  }
};

/// 1 / sqrt(x) and sqrt(1 / x) are rsqrt(x).
struct ReciprocalOfRoot : OpRewritePattern<ReciprocalOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReciprocalOp op,
                                PatternRewriter &rewriter) const override {
    auto root = op.getInput().getDefiningOp<SqrtOp>();
    if (!root)
      return rewriter.notifyMatchFailure(op, "not of a square root");
    rewriter.replaceOpWithNewOp<RsqrtOp>(op, op.getType(), root.getInput());
    return success();
  }
};

/// x + (-y) and (-y) + x are x - y.
struct AddOfNegative : OpRewritePattern<AddOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AddOp op,
                                PatternRewriter &rewriter) const override {
    bool matched = matchCommuted<AddOp>(op, [&](Value x, Value y) {
      auto neg = y.getDefiningOp<NegOp>();
      if (neg)
        rewriter.replaceOpWithNewOp<SubOp>(op, op.getType(), x, neg.getInput());
      return neg != nullptr;
    });
    return matched ? success()
                   : rewriter.notifyMatchFailure(op, "no operand is negated");
  }
};

/// select(not c, x, y) is select(c, y, x).
struct SelectOfNot : OpRewritePattern<SelectOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SelectOp op,
                                PatternRewriter &rewriter) const override {
    auto inverse = op.getCondition().getDefiningOp<NotOp>();
    if (!inverse)
      return rewriter.notifyMatchFailure(op, "the condition is not inverted");
    rewriter.replaceOpWithNewOp<SelectOp>(op, op.getType(), inverse.getInput(),
                                          op.getOnFalse(), op.getOnTrue());
    return success();
  }
};

/// A reduction over dimensions of size 1 is a reshape.
struct ReduceUnitDims : OpRewritePattern<ReduceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReduceOp op,
                                PatternRewriter &rewriter) const override {
    for (int64_t dim : op.getDims())
      if (shapeOf(op.getInput())[dim] != 1)
        return rewriter.notifyMatchFailure(op, "reduces several elements");
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getInput());
    return success();
  }
};

/// A lookup at known, evenly rising positions is a slice; at one position over
/// and over it is a broadcast.
struct TakeOfRange : OpRewritePattern<TakeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TakeOp op,
                                PatternRewriter &rewriter) const override {
    int64_t count = typeOf(op.getIndices()).getNumElements();
    std::optional<std::pair<int64_t, int64_t>> range = match(op.getIndices());
    int64_t axis = op.getAxis(), size = shapeOf(op.getData())[axis];
    if (!range || count == 0)
      return rewriter.notifyMatchFailure(op, "the positions are not a range");
    auto [start, stride] = *range;
    if (start < 0)
      start += size;
    int64_t limit = start + (count - 1) * stride + 1;
    if (start < 0 || stride < 0 || limit > size)
      return rewriter.notifyMatchFailure(op, "the positions leave the data");
    SmallVector<int64_t> shape(shapeOf(op.getData())), limits(shape),
        starts(shape.size(), 0), strides(shape.size(), 1);
    starts[axis] = start;
    limits[axis] = limit;
    strides[axis] = std::max<int64_t>(stride, 1);
    shape[axis] = stride ? count : 1;
    auto type =
        RankedTensorType::get(shape, typeOf(op.getData()).getElementType());
    Value slice = SliceOp::create(rewriter, op.getLoc(), type, op.getData(),
                                  starts, limits, strides);
    if (stride) {
      rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), slice);
      return success();
    }
    shape.erase(shape.begin() + axis);
    SmallVector<int64_t> dims =
        llvm::to_vector(llvm::seq<int64_t>(0, rankOf(op.getResult())));
    dims.erase(dims.begin() + axis,
               dims.begin() + axis + rankOf(op.getIndices()));
    rewriter.replaceOpWithNewOp<BroadcastOp>(
        op, op.getType(), createReshape(rewriter, op.getLoc(), slice, shape),
        dims);
    return success();
  }

private:
  /// First position and distance, if they are known and none wraps around.
  static std::optional<std::pair<int64_t, int64_t>> match(Value indices) {
    indices = skipReshapes(indices);
    if (auto iota = indices.getDefiningOp<IotaOp>())
      if (shapeOf(indices)[iota.getDim()] == typeOf(indices).getNumElements())
        return std::pair(0, 1);
    auto constant = indices.getDefiningOp<ConstantOp>();
    auto values = constant ? dyn_cast<DenseIntElementsAttr>(constant.getValue())
                           : DenseIntElementsAttr();
    if (!values || values.getNumElements() == 0)
      return std::nullopt;
    SmallVector<int64_t> numbers;
    for (const APInt &value : values.getValues<APInt>())
      numbers.push_back(value.getSExtValue());
    int64_t stride = numbers.size() > 1 ? numbers[1] - numbers[0] : 1;
    for (size_t i = 1; i < numbers.size(); ++i)
      if (numbers[i] - numbers[i - 1] != stride ||
          (numbers[i] < 0) != (numbers[0] < 0))
        return std::nullopt;
    return std::pair(numbers.front(), stride);
  }
};

class GraphSimplify : public prepare::impl::GraphSimplifyBase<GraphSimplify> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    RewritePatternSet patterns(context);
    populateSimplifyPatterns(patterns);
    if (failed(rewriteToFixpoint(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace

void prepare::populateSimplifyPatterns(RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  auto *dialect = context->getLoadedDialect<GraphDialect>();
  for (RegisteredOperationName name : context->getRegisteredOperations())
    if (dialect && &name.getDialect() == dialect)
      name.getCanonicalizationPatterns(patterns, context);
  patterns.add<ExpandPower, DivideOne, ReciprocalOfRoot, AddOfNegative,
               SelectOfNot, ReduceUnitDims, TakeOfRange>(context);
  populateSinkPatterns(patterns);
}
