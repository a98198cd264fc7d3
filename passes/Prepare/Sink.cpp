//===- Sink.cpp - Broadcasts and flattening move toward the users ---------===//
//
// A broadcast below elementwise work makes the work smaller, and shows what a
// mask or a table depends on. A reshape that flattens leading dimensions, as
// exporters put before a matrix product, moves down until it meets the one that
// undoes it; batch and sequence stay dimensions of their own.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Fold/DimGroups.h"
#include "passes/Prepare/Match.h"
#include "passes/Prepare/Patterns.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::prepare;

static RankedTensorType withShape(Type type, ArrayRef<int64_t> shape) {
  return RankedTensorType::get(shape,
                               cast<RankedTensorType>(type).getElementType());
}

/// The op on other operands of another shape.
static Value rebuild(OpBuilder &builder, Operation *op, ValueRange operands,
                     ArrayRef<int64_t> shape) {
  OperationState state(op->getLoc(), op->getName().getStringRef(), operands,
                       withShape(op->getResult(0).getType(), shape),
                       op->getAttrs());
  state.propertiesAttr = op->getPropertiesAsAttribute();
  return builder.create(state)->getResult(0);
}

static bool isGraph(Operation *op) {
  return isa_and_nonnull<GraphDialect>(op->getDialect());
}

namespace {
/// A constant that can be made in any shape.
ConstantOp matchSplat(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  return constant && isa<SplatElementsAttr>(constant.getValue()) ? constant
                                                                 : ConstantOp();
}
Value resizeSplat(OpBuilder &builder, ConstantOp constant,
                  ArrayRef<int64_t> shape) {
  auto splat = cast<SplatElementsAttr>(constant.getValue());
  return ConstantOp::create(
      builder, constant.getLoc(),
      splat.resizeSplat(withShape(constant.getType(), shape)));
}

/// f(broadcast(x), broadcast(y), scalar) becomes broadcast(f(x, y, scalar)), as
/// far as no operand needs a dimension.
struct SinkBroadcast : RewritePattern {
  SinkBroadcast(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}
  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!isGraph(op) || !isElementwise(op))
      return rewriter.notifyMatchFailure(op, "not elementwise");
    ArrayRef<int64_t> full = shapeOf(op->getResult(0));
    llvm::SmallBitVector needed(full.size());
    bool any = false;
    for (Value operand : op->getOperands()) {
      if (auto broadcast = operand.getDefiningOp<BroadcastOp>()) {
        any = true;
        for (int64_t dim : broadcast.getDims())
          needed.set(dim);
      } else if (!matchSplat(operand)) {
        return rewriter.notifyMatchFailure(op, "an operand has no broadcast");
      }
    }
    if (!any || needed.all())
      return rewriter.notifyMatchFailure(op, "all dimensions are needed");
    SmallVector<int64_t> dims(needed.set_bits()), shape,
        position(full.size(), -1);
    for (auto [index, dim] : llvm::enumerate(dims)) {
      position[dim] = index;
      shape.push_back(full[dim]);
    }
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(shrink(rewriter, operand, shape, position));
    Value small = rebuild(rewriter, op, operands, shape);
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op->getResult(0).getType(),
                                             small, dims);
    return success();
  }

private:
  static Value shrink(OpBuilder &builder, Value operand,
                      ArrayRef<int64_t> shape, ArrayRef<int64_t> position) {
    if (ConstantOp constant = matchSplat(operand))
      return resizeSplat(builder, constant, shape);
    auto broadcast = operand.getDefiningOp<BroadcastOp>();
    SmallVector<int64_t> dims;
    for (int64_t dim : broadcast.getDims())
      dims.push_back(position[dim]);
    return BroadcastOp::create(builder, operand.getLoc(),
                               withShape(operand.getType(), shape),
                               broadcast.getInput(), dims);
  }
};

/// take(x, broadcast(i)) becomes broadcast(take(x, i)).
struct SinkBroadcastBelowTake : OpRewritePattern<TakeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TakeOp op,
                                PatternRewriter &rewriter) const override {
    auto broadcast = op.getIndices().getDefiningOp<BroadcastOp>();
    if (!broadcast)
      return rewriter.notifyMatchFailure(op, "positions are not broadcast");
    int64_t axis = op.getAxis(), added = rankOf(op.getIndices());
    SmallVector<int64_t> shape, dims;
    for (int64_t dim = 0; dim < rankOf(op.getResult()); ++dim)
      if (dim < axis || dim >= axis + added ||
          llvm::is_contained(broadcast.getDims(), dim - axis)) {
        shape.push_back(shapeOf(op.getResult())[dim]);
        dims.push_back(dim);
      }
    Value small =
        TakeOp::create(rewriter, op.getLoc(), withShape(op.getType(), shape),
                       op.getData(), broadcast.getInput(), axis);
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), small, dims);
    return success();
  }
};

/// A reshape that merges several leading dimensions, also of size 1, into the
/// first of its result. It may do more to the others.
struct Flattening {
  Value input;
  SmallVector<int64_t> shape; ///< The result's, with the leading ones apart.

  Value apart(OpBuilder &builder, Location loc) const {
    return createReshape(builder, loc, input, shape);
  }
};
std::optional<Flattening> matchFlattening(Value value) {
  auto reshape = value.getDefiningOp<ReshapeOp>();
  if (!reshape || rankOf(value) == 0)
    return std::nullopt;
  ArrayRef<int64_t> from = shapeOf(reshape.getInput()), to = shapeOf(value);
  std::optional<SmallVector<DimGroup>> groups = groupDims(from, to);
  if (!groups)
    return std::nullopt;
  const DimGroup *first = llvm::find_if(
      *groups, [](const DimGroup &group) { return group.toSize() > 0; });
  if (first->toSize() != 1 || first->fromEnd < 2)
    return std::nullopt;
  Flattening flat{reshape.getInput(),
                  SmallVector<int64_t>(from.take_front(first->fromEnd))};
  llvm::append_range(flat.shape, to.drop_front());
  return flat;
}

/// dot(flatten(x), w) becomes flatten(dot(x, w)).
struct SinkFlatteningBelowDot : OpRewritePattern<DotOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DotOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<Flattening> flat = matchFlattening(op.getLhs());
    if (!flat || !op.getLhsBatch().empty() ||
        llvm::is_contained(op.getLhsContract(), 0))
      return rewriter.notifyMatchFailure(op, "lhs is not flattened");
    int64_t rank = flat->shape.size(), shift = rank - rankOf(op.getLhs());
    SmallVector<int64_t> contract;
    for (int64_t dim : op.getLhsContract())
      contract.push_back(dim + shift);
    // The flattened dimension is the result's first.
    SmallVector<int64_t> shape(ArrayRef(flat->shape).take_front(shift + 1));
    llvm::append_range(shape, shapeOf(op.getResult()).drop_front());
    Value lhs = flat->apart(rewriter, op.getLoc());
    Value dot = DotOp::create(
        rewriter, op.getLoc(), withShape(op.getType(), shape), lhs, op.getRhs(),
        op.getLhsBatch(), op.getRhsBatch(), contract, op.getRhsContract());
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), dot);
    return success();
  }
};

/// A product for each element of one flattened batch dimension is a product for
/// each of the dimensions that were flattened alike on both sides.
struct SplitBatchOfDot : OpRewritePattern<DotOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DotOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<Flattening> lhs = matchFlattening(op.getLhs()),
                              rhs = matchFlattening(op.getRhs());
    const int64_t zero = 0;
    ArrayRef<int64_t> first(zero);
    if (!lhs || !rhs || op.getLhsBatch() != first || op.getRhsBatch() != first)
      return rewriter.notifyMatchFailure(op, "no flattened batch dimension");
    int64_t shift = lhs->shape.size() - rankOf(op.getLhs());
    auto leading = ArrayRef(lhs->shape).take_front(shift + 1);
    if (leading != ArrayRef(rhs->shape).drop_back(rankOf(op.getRhs()) - 1))
      return rewriter.notifyMatchFailure(op, "flattened from other dimensions");
    auto batch = llvm::to_vector(llvm::seq<int64_t>(0, shift + 1));
    auto shifted = [&](ArrayRef<int64_t> dims) {
      return llvm::map_to_vector(dims, [&](int64_t d) { return d + shift; });
    };
    SmallVector<int64_t> shape(leading);
    llvm::append_range(shape, shapeOf(op.getResult()).drop_front());
    Value dot = DotOp::create(
        rewriter, op.getLoc(), withShape(op.getType(), shape),
        lhs->apart(rewriter, op.getLoc()), rhs->apart(rewriter, op.getLoc()),
        batch, batch, shifted(op.getLhsContract()),
        shifted(op.getRhsContract()));
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), dot);
    return success();
  }
};

/// softmax(flatten(x)) becomes flatten(softmax(x)) along a dimension that
/// stays.
struct SinkFlatteningBelowSoftmax : OpRewritePattern<SoftmaxOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SoftmaxOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<Flattening> flat = matchFlattening(op.getInput());
    if (!flat || op.getDim() == 0)
      return rewriter.notifyMatchFailure(op, "not beside flattened dimensions");
    int64_t shift = flat->shape.size() - rankOf(op.getInput());
    Value softmax = SoftmaxOp::create(
        rewriter, op.getLoc(), withShape(op.getType(), flat->shape),
        flat->apart(rewriter, op.getLoc()), op.getDim() + shift);
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), softmax);
    return success();
  }
};

/// f(flatten(x), …) becomes flatten(f(x, …)) where the other operands are
/// flattened alike, scalars, or repeated along the flattened dimension.
struct SinkFlattening : RewritePattern {
  SinkFlattening(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}
  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!isGraph(op) || !isElementwise(op))
      return rewriter.notifyMatchFailure(op, "not elementwise");
    std::optional<Flattening> flat;
    for (Value operand : op->getOperands())
      if (!flat)
        flat = matchFlattening(operand);
    if (!flat)
      return rewriter.notifyMatchFailure(op, "no operand is flattened");
    for (Value operand : op->getOperands()) {
      std::optional<Flattening> other = matchFlattening(operand);
      auto broadcast = operand.getDefiningOp<BroadcastOp>();
      bool alike = other && other->shape == flat->shape;
      bool repeated = broadcast && !llvm::is_contained(broadcast.getDims(), 0);
      if (!alike && !repeated && !matchSplat(operand))
        return rewriter.notifyMatchFailure(op, "an operand is not flattened");
    }
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(unflatten(rewriter, operand, flat->shape));
    Value result = rebuild(rewriter, op, operands, flat->shape);
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op->getResult(0).getType(),
                                           result);
    return success();
  }

private:
  static Value unflatten(OpBuilder &builder, Value operand,
                         ArrayRef<int64_t> shape) {
    if (ConstantOp constant = matchSplat(operand))
      return resizeSplat(builder, constant, shape);
    if (std::optional<Flattening> flat = matchFlattening(operand))
      return flat->apart(builder, operand.getLoc());
    auto broadcast = operand.getDefiningOp<BroadcastOp>();
    int64_t shift = static_cast<int64_t>(shape.size()) - rankOf(operand);
    SmallVector<int64_t> dims;
    for (int64_t dim : broadcast.getDims())
      dims.push_back(dim + shift);
    return BroadcastOp::create(builder, operand.getLoc(),
                               withShape(operand.getType(), shape),
                               broadcast.getInput(), dims);
  }
};

/// unflatten(f(flatten(x), y)) becomes f(x, unflatten(y)): what lies between,
/// such as a bias on scores, keeps the dimensions apart.
struct UnflattenOperands : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp reshape,
                                PatternRewriter &rewriter) const override {
    Operation *op = reshape.getInput().getDefiningOp();
    if (!op || !isGraph(op) || !isElementwise(op) || !op->hasOneUse())
      return rewriter.notifyMatchFailure(reshape, "not of elementwise work");
    ArrayRef<int64_t> shape = shapeOf(reshape.getResult());
    bool undoes = llvm::any_of(op->getOperands(), [&](Value operand) {
      auto inner = operand.getDefiningOp<ReshapeOp>();
      return inner && shapeOf(inner.getInput()) == shape;
    });
    if (!undoes)
      return rewriter.notifyMatchFailure(reshape, "undoes no reshape");
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(createReshape(rewriter, op->getLoc(), operand, shape));
    rewriter.replaceOp(reshape, rebuild(rewriter, op, operands, shape));
    return success();
  }
};
} // namespace

void prepare::populateSinkPatterns(RewritePatternSet &patterns) {
  patterns.add<SinkBroadcast, SinkBroadcastBelowTake, SinkFlatteningBelowDot,
               SplitBatchOfDot, SinkFlatteningBelowSoftmax, SinkFlattening,
               UnflattenOperands>(patterns.getContext());
}
