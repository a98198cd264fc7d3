//===- SlicePatterns.cpp - Algebra of slice and concat ----------*- C++ -*-===//
//
// Slices move toward the producers, so that less is moved and computed.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Fold/DimGroups.h"
#include "dialects/Graph/Fold/Layouts.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

namespace {
/// The box that a slice takes, dimension by dimension.
struct Box {
  SmallVector<int64_t> starts, limits, strides;

  void push(int64_t start, int64_t limit, int64_t stride) {
    starts.push_back(start);
    limits.push_back(limit);
    strides.push_back(stride);
  }
  Value apply(OpBuilder &builder, Location loc, Value input) const {
    SmallVector<int64_t> shape;
    for (auto [start, limit, stride] : llvm::zip_equal(starts, limits, strides))
      shape.push_back(llvm::divideCeil(limit - start, stride));
    auto type = RankedTensorType::get(shape, typeOf(input).getElementType());
    return SliceOp::create(builder, loc, type, input, starts, limits, strides);
  }
};

/// slice(slice(x)) is one slice.
struct MergeSlices : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = innerWithoutLayout<SliceOp>(op, op.getInput());
    if (!inner)
      return rewriter.notifyMatchFailure(op, "not a slice of a slice");
    Box box;
    for (int64_t dim = 0, rank = rankOf(op.getInput()); dim < rank; ++dim) {
      int64_t size = shapeOf(op.getResult())[dim];
      int64_t step = inner.getStrides()[dim];
      int64_t start = inner.getStarts()[dim] + op.getStarts()[dim] * step;
      int64_t stride = step * op.getStrides()[dim];
      int64_t limit = size ? start + (size - 1) * stride + 1 : start;
      if (size == 0) // An empty slice may start behind the end.
        start = limit = inner.getStarts()[dim];
      box.push(start, limit, stride);
    }
    rewriter.replaceOp(op, box.apply(rewriter, op.getLoc(), inner.getInput()));
    return success();
  }
};

/// slice(broadcast(x)) becomes broadcast(slice(x)).
struct SliceOfBroadcast : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = innerWithoutLayout<BroadcastOp>(op, op.getInput());
    if (!inner)
      return rewriter.notifyMatchFailure(op, "not a slice of a broadcast");
    Box box;
    for (int64_t dim : inner.getDims())
      box.push(op.getStarts()[dim], op.getLimits()[dim], op.getStrides()[dim]);
    Value input = box.apply(rewriter, op.getLoc(), inner.getInput());
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), input,
                                             inner.getDims());
    return success();
  }
};

/// slice(transpose(x)) becomes transpose(slice(x)).
struct SliceOfTranspose : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = innerWithoutLayout<TransposeOp>(op, op.getInput());
    if (!inner)
      return rewriter.notifyMatchFailure(op, "not a slice of a transpose");
    SmallVector<int64_t> position(inner.getPermutation().size());
    for (auto [to, from] : llvm::enumerate(inner.getPermutation()))
      position[from] = to;
    Box box;
    for (int64_t dim : position)
      box.push(op.getStarts()[dim], op.getLimits()[dim], op.getStrides()[dim]);
    Value input = box.apply(rewriter, op.getLoc(), inner.getInput());
    rewriter.replaceOpWithNewOp<TransposeOp>(op, op.getType(), input,
                                             inner.getPermutation());
    return success();
  }
};

/// slice(reshape(x)) becomes reshape(slice(x)) where the sliced dimensions are
/// x's own, or the outermost ones of what was split or merged.
struct SliceOfReshape : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = innerWithoutLayout<ReshapeOp>(op, op.getInput());
    if (!inner)
      return rewriter.notifyMatchFailure(op, "not a slice of a reshape");
    ArrayRef<int64_t> from = shapeOf(inner.getInput()),
                      to = shapeOf(inner.getResult());
    std::optional<SmallVector<DimGroup>> groups = groupDims(from, to);
    if (!groups || llvm::is_contained(shapeOf(op.getResult()), 0))
      return rewriter.notifyMatchFailure(op, "has no elements");
    Box box;
    for (const DimGroup &group : *groups)
      if (failed(sliceGroup(op, group, from, to, box)))
        return rewriter.notifyMatchFailure(op, "slices inside a split or "
                                               "merged dimension");
    Value input = box.apply(rewriter, op.getLoc(), inner.getInput());
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), input);
    return success();
  }

private:
  static LogicalResult sliceGroup(SliceOp op, const DimGroup &group,
                                  ArrayRef<int64_t> from, ArrayRef<int64_t> to,
                                  Box &box) {
    auto isWhole = [&](int64_t dim) {
      return shapeOf(op.getResult())[dim] == to[dim];
    };
    if (group.isOneToOne()) {
      int64_t dim = group.toBegin;
      box.push(op.getStarts()[dim], op.getLimits()[dim], op.getStrides()[dim]);
      return success();
    }
    int64_t first = group.toBegin;
    bool innerWhole = true, whole = true;
    for (int64_t dim = first; dim < group.toEnd; ++dim) {
      whole &= isWhole(dim);
      innerWhole &= dim == first || isWhole(dim);
    }
    int64_t scaleUp = 1,
            scaleDown = 1; // ConstantElements per step of `first`, of `from`.
    for (int64_t dim = first + 1; dim < group.toEnd; ++dim)
      scaleUp *= to[dim];
    for (int64_t dim = group.fromBegin + 1; dim < group.fromEnd; ++dim)
      scaleDown *= from[dim];
    int64_t outer = group.fromBegin;
    if (!whole) {
      int64_t start = op.getStarts()[first] * scaleUp,
              limit = op.getLimits()[first] * scaleUp;
      if (!innerWhole || op.getStrides()[first] != 1 || start % scaleDown ||
          limit % scaleDown || !group.fromSize())
        return failure();
      box.push(start / scaleDown, limit / scaleDown, 1);
      ++outer;
    }
    for (int64_t dim = outer; dim < group.fromEnd; ++dim)
      box.push(0, from[dim], 1);
    return success();
  }
};

/// A slice of a concat that lies within one operand is a slice of that.
struct SliceOfConcat : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = innerWithoutLayout<ConcatOp>(op, op.getInput());
    if (!inner)
      return rewriter.notifyMatchFailure(op, "not a slice of a concat");
    int64_t dim = inner.getDim(), offset = 0;
    int64_t start = op.getStarts()[dim], limit = op.getLimits()[dim];
    for (Value input : inner.getInputs()) {
      int64_t size = shapeOf(input)[dim];
      if (start >= offset && limit <= offset + size) {
        SmallVector<int64_t> starts(op.getStarts()), limits(op.getLimits());
        starts[dim] -= offset;
        limits[dim] -= offset;
        rewriter.replaceOpWithNewOp<SliceOp>(op, op.getType(), input, starts,
                                             limits, op.getStrides());
        return success();
      }
      offset += size;
    }
    return rewriter.notifyMatchFailure(op, "touches several operands");
  }
};

/// Neighbours that are consecutive slices of one value are one slice of it.
struct ConcatOfSlices : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConcatOp op,
                                PatternRewriter &rewriter) const override {
    if (hasLayout(op))
      return rewriter.notifyMatchFailure(op, "has a layout");
    int64_t dim = op.getDim();
    SmallVector<Value> inputs;
    for (Value input : op.getInputs()) {
      Value merged = inputs.empty() ? Value()
                                    : merge(rewriter, op.getLoc(), dim,
                                            inputs.back(), input);
      if (merged)
        inputs.back() = merged;
      else
        inputs.push_back(input);
    }
    if (inputs.size() == op.getInputs().size())
      return rewriter.notifyMatchFailure(op, "no neighbouring slices");
    rewriter.replaceOpWithNewOp<ConcatOp>(op, op.getType(), inputs, dim);
    return success();
  }

private:
  static Value merge(OpBuilder &builder, Location loc, int64_t dim, Value left,
                     Value right) {
    auto a = left.getDefiningOp<SliceOp>(), b = right.getDefiningOp<SliceOp>();
    if (!a || !b || a.getInput() != b.getInput() ||
        a.getStrides() != b.getStrides() || a.getStrides()[dim] != 1 ||
        a.getLimits()[dim] != b.getStarts()[dim])
      return {};
    Box box;
    for (int64_t d = 0, rank = rankOf(a.getInput()); d < rank; ++d) {
      if (d != dim && (a.getStarts()[d] != b.getStarts()[d] ||
                       a.getLimits()[d] != b.getLimits()[d]))
        return {};
      box.push(a.getStarts()[d], b.getLimits()[d], a.getStrides()[d]);
    }
    return box.apply(builder, loc, a.getInput());
  }
};

/// concat(concat(a, b), c) along one dimension is one concat.
struct MergeConcats : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConcatOp op,
                                PatternRewriter &rewriter) const override {
    SmallVector<Value> inputs;
    for (Value input : op.getInputs()) {
      auto inner = innerWithoutLayout<ConcatOp>(op, input);
      if (inner && inner.getDim() == op.getDim())
        llvm::append_range(inputs, inner.getInputs());
      else
        inputs.push_back(input);
    }
    if (inputs.size() == op.getInputs().size())
      return rewriter.notifyMatchFailure(op, "no concat along the dimension");
    rewriter.replaceOpWithNewOp<ConcatOp>(op, op.getType(), inputs,
                                          op.getDim());
    return success();
  }
};
} // namespace

void SliceOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                          MLIRContext *context) {
  patterns.add<MergeSlices, SliceOfBroadcast, SliceOfTranspose, SliceOfReshape,
               SliceOfConcat>(context);
}
void ConcatOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                           MLIRContext *context) {
  patterns.add<ConcatOfSlices, MergeConcats>(context);
}
