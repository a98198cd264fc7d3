//===- FoldParameterViews.cpp - graph-fold-parameter-views ------*- C++ -*-===//
//
// A transpose, slice or reshape of a parameter is read through other strides
// instead of being computed. The parameter stays what it is: its name, the
// shape it is stored with and all other attributes.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Fold/DimGroups.h"
#include "passes/Prepare/Passes.h"
#include "passes/Prepare/Patterns.h"
#include "passes/Prepare/Rewrite.h"

namespace vescale::prepare {
#define GEN_PASS_DEF_GRAPHFOLDPARAMETERVIEWS
#include "passes/Prepare/Passes.h.inc"
} // namespace vescale::prepare

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::prepare;

/// The parameter that `op` moves, unless it has been partitioned.
static ParameterOp parameterOf(Operation *op) {
  auto parameter = op->getOperand(0).getDefiningOp<ParameterOp>();
  return parameter && !parameter.getGlobal() ? parameter : ParameterOp();
}

/// Replaces `op` by a view of the same parameter. The source states the stored
/// shape; a parameter without one is stored as it was seen first.
static LogicalResult replaceWithView(PatternRewriter &rewriter, Operation *op,
                                     ParameterOp parameter, int64_t offset,
                                     ArrayRef<int64_t> strides) {
  if (!parameter.getSource())
    return rewriter.notifyMatchFailure(
        op, "without a source, the parameter's own type is its stored shape");
  OperationState state(parameter.getLoc(), ParameterOp::getOperationName());
  state.addAttributes(parameter->getAttrs());
  state.addTypes(op->getResult(0).getType());
  rewriter.setInsertionPoint(parameter);
  auto view = cast<ParameterOp>(rewriter.create(state));
  view.setViewOffset(offset);
  view.setViewStrides(strides);
  rewriter.replaceOp(op, view);
  return success();
}

namespace {
struct TransposeParameter : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    ParameterOp parameter = parameterOf(op);
    if (!parameter)
      return rewriter.notifyMatchFailure(op, "not of a parameter");
    SmallVector<int64_t> from = parameter.getStrides(), strides;
    for (int64_t dim : op.getPermutation())
      strides.push_back(from[dim]);
    return replaceWithView(rewriter, op, parameter, parameter.getOffset(),
                           strides);
  }
};

struct SliceParameter : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op,
                                PatternRewriter &rewriter) const override {
    ParameterOp parameter = parameterOf(op);
    if (!parameter || typeOf(op.getResult()).getNumElements() == 0)
      return rewriter.notifyMatchFailure(op, "no elements of a parameter");
    SmallVector<int64_t> strides;
    int64_t offset = parameter.getOffset();
    for (auto [stride, start, step] : llvm::zip_equal(
             parameter.getStrides(), op.getStarts(), op.getStrides())) {
      offset += start * stride;
      strides.push_back(step * stride);
    }
    return replaceWithView(rewriter, op, parameter, offset, strides);
  }
};

/// A reshape is a view if what it merges lies evenly spaced.
struct ReshapeParameter : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp op,
                                PatternRewriter &rewriter) const override {
    ParameterOp parameter = parameterOf(op);
    if (!parameter)
      return rewriter.notifyMatchFailure(op, "not of a parameter");
    ArrayRef<int64_t> from = shapeOf(op.getInput()),
                      to = shapeOf(op.getResult());
    std::optional<SmallVector<DimGroup>> groups = groupDims(from, to);
    if (!groups)
      return rewriter.notifyMatchFailure(op, "has no elements");
    SmallVector<int64_t> old = parameter.getStrides(), strides(to.size(), 0);
    for (const DimGroup &group : *groups) {
      if (group.toSize() == 0)
        continue;
      // The innermost dimension above 1 sets the pace for the whole group.
      int64_t pace = 1, reach = 0;
      for (int64_t dim = group.fromEnd - 1; dim >= group.fromBegin; --dim) {
        if (from[dim] == 1)
          continue;
        if (reach && old[dim] != reach)
          return rewriter.notifyMatchFailure(op, "merges uneven strides");
        if (!reach)
          pace = old[dim];
        reach = old[dim] * from[dim];
      }
      for (int64_t dim = group.toEnd - 1; dim >= group.toBegin; --dim) {
        strides[dim] = pace;
        pace *= to[dim];
      }
    }
    return replaceWithView(rewriter, op, parameter, parameter.getOffset(),
                           strides);
  }
};

class GraphFoldParameterViews
    : public prepare::impl::GraphFoldParameterViewsBase<
          GraphFoldParameterViews> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateParameterViewPatterns(patterns);
    if (failed(rewriteToFixpoint(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace

void prepare::populateParameterViewPatterns(RewritePatternSet &patterns) {
  patterns.add<TransposeParameter, SliceParameter, ReshapeParameter>(
      patterns.getContext());
}
