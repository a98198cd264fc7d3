//===- ShapePatterns.cpp - Algebra of reshape, transpose, broadcast -------===//
//
// The normal form: transposes and slices move toward the producers, broadcasts
// toward the users, equal neighbours merge. A dimension of size 1 of a
// broadcast is the operand's, never a new one.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Fold/DimGroups.h"
#include "dialects/Graph/Fold/Layouts.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

static RankedTensorType typeLike(Value value, ArrayRef<int64_t> shape) {
  return RankedTensorType::get(shape, typeOf(value).getElementType());
}

namespace {
/// reshape(reshape(x)) is one reshape.
struct MergeReshapes : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = innerWithoutLayout<ReshapeOp>(op, op.getInput());
    if (!inner)
      return rewriter.notifyMatchFailure(op, "not a reshape of a reshape");
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), inner.getInput());
    return success();
  }
};

/// transpose(transpose(x)) is one transpose.
struct MergeTransposes : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = innerWithoutLayout<TransposeOp>(op, op.getInput());
    if (!inner)
      return rewriter.notifyMatchFailure(op, "not a transpose of a transpose");
    SmallVector<int64_t> permutation;
    for (int64_t dim : op.getPermutation())
      permutation.push_back(inner.getPermutation()[dim]);
    rewriter.replaceOpWithNewOp<TransposeOp>(op, op.getType(), inner.getInput(),
                                             permutation);
    return success();
  }
};

/// broadcast(broadcast(x)) is one broadcast.
struct MergeBroadcasts : OpRewritePattern<BroadcastOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(BroadcastOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = innerWithoutLayout<BroadcastOp>(op, op.getInput());
    if (!inner)
      return rewriter.notifyMatchFailure(op, "not a broadcast of a broadcast");
    SmallVector<int64_t> dims;
    for (int64_t dim : inner.getDims())
      dims.push_back(op.getDims()[dim]);
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), inner.getInput(),
                                             dims);
    return success();
  }
};

/// A new dimension of size 1 comes from a reshape instead.
struct BroadcastUnitDims : OpRewritePattern<BroadcastOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(BroadcastOp op,
                                PatternRewriter &rewriter) const override {
    if (hasLayout(op))
      return rewriter.notifyMatchFailure(op, "has a layout");
    ArrayRef<int64_t> shape = shapeOf(op.getResult());
    SmallVector<int64_t> dims, kept;
    for (auto [dim, size] : llvm::enumerate(shape))
      if (size == 1 ||
          llvm::is_contained(op.getDims(), static_cast<int64_t>(dim))) {
        dims.push_back(dim);
        kept.push_back(size);
      }
    if (dims.size() == op.getDims().size())
      return rewriter.notifyMatchFailure(op, "no new dimension of size 1");
    Value input = ReshapeOp::create(
        rewriter, op.getLoc(), typeLike(op.getInput(), kept), op.getInput());
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), input, dims);
    return success();
  }
};

/// reshape(broadcast(x)) becomes broadcast(reshape(x)), unless the reshape
/// merges dimensions of x with new ones (which repeats x's parts).
struct ReshapeOfBroadcast : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = innerWithoutLayout<BroadcastOp>(op, op.getInput());
    if (!inner)
      return rewriter.notifyMatchFailure(op, "not a reshape of a broadcast");
    ArrayRef<int64_t> from = shapeOf(op.getInput()),
                      to = shapeOf(op.getResult());
    std::optional<SmallVector<DimGroup>> groups = groupDims(from, to);
    if (!groups)
      return rewriter.notifyMatchFailure(op, "has no elements");
    SmallVector<int64_t> dims, kept;
    for (const DimGroup &group : *groups) {
      int64_t own = 0, fresh = 0;
      for (int64_t dim = group.fromBegin; dim < group.fromEnd; ++dim)
        if (from[dim] != 1)
          ++(llvm::is_contained(inner.getDims(), dim) ? own : fresh);
      if (own && fresh)
        return rewriter.notifyMatchFailure(op, "merges repeated dimensions");
      for (int64_t dim = group.toBegin; dim < group.toEnd; ++dim)
        if (!fresh || to[dim] == 1) {
          dims.push_back(dim);
          kept.push_back(to[dim]);
        }
    }
    Value input =
        ReshapeOp::create(rewriter, op.getLoc(),
                          typeLike(inner.getInput(), kept), inner.getInput());
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), input, dims);
    return success();
  }
};

/// transpose(broadcast(x)) becomes broadcast(transpose(x)).
struct TransposeOfBroadcast : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = innerWithoutLayout<BroadcastOp>(op, op.getInput());
    if (!inner)
      return rewriter.notifyMatchFailure(op, "not a transpose of a broadcast");
    SmallVector<int64_t> dims, permutation, shape;
    for (auto [dim, from] : llvm::enumerate(op.getPermutation())) {
      const int64_t *own = llvm::find(inner.getDims(), from);
      if (own == inner.getDims().end())
        continue;
      dims.push_back(dim);
      permutation.push_back(own - inner.getDims().begin());
      shape.push_back(shapeOf(op.getResult())[dim]);
    }
    Value input = TransposeOp::create(rewriter, op.getLoc(),
                                      typeLike(inner.getInput(), shape),
                                      inner.getInput(), permutation);
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), input, dims);
    return success();
  }
};

/// A transpose that keeps the order of dimensions above 1 is a reshape.
struct TransposeOfUnitDims : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    if (hasLayout(op))
      return rewriter.notifyMatchFailure(op, "has a layout");
    int64_t last = -1;
    for (int64_t dim : op.getPermutation()) {
      if (shapeOf(op.getInput())[dim] == 1)
        continue;
      if (dim < last)
        return rewriter.notifyMatchFailure(op, "moves elements");
      last = dim;
    }
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getInput());
    return success();
  }
};

/// Whether a group makes several dimensions above 1 of one, or one of several.
bool splits(const DimGroup &group, ArrayRef<int64_t> to) {
  auto sizes = to.slice(group.toBegin, group.toSize());
  return llvm::count_if(sizes, [](int64_t size) { return size != 1; }) > 1;
}
bool merges(const DimGroup &group, ArrayRef<int64_t> from) {
  auto sizes = from.slice(group.fromBegin, group.fromSize());
  return llvm::count_if(sizes, [](int64_t size) { return size != 1; }) > 1;
}

/// transpose(reshape(x)) becomes reshape(transpose(x)) where the reshape splits
/// nothing and the transpose moves what it merges as a whole.
struct TransposeOfReshape : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = innerWithoutLayout<ReshapeOp>(op, op.getInput());
    if (!inner)
      return rewriter.notifyMatchFailure(op, "not a transpose of a reshape");
    std::optional<SmallVector<DimGroup>> groups =
        groupDims(shapeOf(inner.getInput()), shapeOf(inner.getResult()));
    if (!groups)
      return rewriter.notifyMatchFailure(op, "has no elements");
    SmallVector<int64_t> position(op.getPermutation().size());
    for (auto [to, from] : llvm::enumerate(op.getPermutation()))
      position[from] = to;
    // Groups in the order of the result; those without a dimension there come
    // with the one before them.
    SmallVector<std::pair<int64_t, const DimGroup *>> order;
    int64_t place = -1;
    for (const DimGroup &group : *groups) {
      if (splits(group, shapeOf(inner.getResult())))
        return rewriter.notifyMatchFailure(op, "the reshape splits");
      for (int64_t dim = group.toBegin + 1; dim < group.toEnd; ++dim)
        if (position[dim] != position[dim - 1] + 1)
          return rewriter.notifyMatchFailure(op, "tears dimensions apart");
      if (group.toSize())
        place = position[group.toBegin];
      order.emplace_back(place, &group);
    }
    llvm::sort(order); // Groups of one place lie in order in memory.
    SmallVector<int64_t> permutation, shape;
    for (auto [place, group] : order)
      for (int64_t dim = group->fromBegin; dim < group->fromEnd; ++dim) {
        permutation.push_back(dim);
        shape.push_back(shapeOf(inner.getInput())[dim]);
      }
    Value moved = TransposeOp::create(rewriter, op.getLoc(),
                                      typeLike(inner.getInput(), shape),
                                      inner.getInput(), permutation);
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), moved);
    return success();
  }
};

/// reshape(transpose(x)) becomes transpose(reshape(x)) where the reshape splits
/// dimensions and merges none: then transposes behind can meet this one.
struct SplitOfTranspose : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = innerWithoutLayout<TransposeOp>(op, op.getInput());
    if (!inner)
      return rewriter.notifyMatchFailure(op, "not a reshape of a transpose");
    ArrayRef<int64_t> from = shapeOf(op.getInput()),
                      to = shapeOf(op.getResult());
    std::optional<SmallVector<DimGroup>> groups = groupDims(from, to);
    if (!groups)
      return rewriter.notifyMatchFailure(op, "has no elements");
    bool any = false;
    for (const DimGroup &group : *groups) {
      if (merges(group, from) || group.fromSize() != 1)
        return rewriter.notifyMatchFailure(op, "not only splits");
      any |= splits(group, to);
    }
    if (!any)
      return rewriter.notifyMatchFailure(op, "splits nothing");
    // Groups, one for each dimension of the transpose, in the order of x.
    SmallVector<const DimGroup *> order(groups->size());
    for (auto [place, dim] : llvm::enumerate(inner.getPermutation()))
      order[dim] = &(*groups)[place];
    SmallVector<int64_t> shape, permutation(to.size());
    for (const DimGroup *group : order)
      for (int64_t dim = group->toBegin; dim < group->toEnd; ++dim) {
        permutation[dim] = shape.size();
        shape.push_back(to[dim]);
      }
    Value split =
        ReshapeOp::create(rewriter, op.getLoc(),
                          typeLike(inner.getInput(), shape), inner.getInput());
    rewriter.replaceOpWithNewOp<TransposeOp>(op, op.getType(), split,
                                             permutation);
    return success();
  }
};
} // namespace

void ReshapeOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                            MLIRContext *context) {
  patterns.add<MergeReshapes, ReshapeOfBroadcast, SplitOfTranspose>(context);
}
void TransposeOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                              MLIRContext *context) {
  patterns.add<MergeTransposes, TransposeOfBroadcast, TransposeOfUnitDims,
               TransposeOfReshape>(context);
}
void BroadcastOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                              MLIRContext *context) {
  patterns.add<MergeBroadcasts, BroadcastUnitDims>(context);
}
