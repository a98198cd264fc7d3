//===- SplitQkv.cpp - graph-split-qkv ---------------------------*- C++ -*-===//
//
// 1. A *projection* is a product with a parameter, and perhaps the sum with a
//    bias that has one value per output feature.
// 2. Its only users are slices of the features, or a reshape that splits the
//    features into several dimensions and slices of those.
// 3. Slicing features commutes with the product and the sum: each slice becomes
//    a product with a slice of the parameter, which is a view on it.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Fold/DimGroups.h"
#include "passes/Prepare/Match.h"
#include "passes/Prepare/Passes.h"
#include "passes/Prepare/Patterns.h"
#include "passes/Prepare/Rewrite.h"

namespace vescale::prepare {
#define GEN_PASS_DEF_GRAPHSPLITQKV
#include "passes/Prepare/Passes.h.inc"
} // namespace vescale::prepare

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using namespace vescale::prepare;

namespace {
struct Projection {
  DotOp dot;
  Value weight, bias;   ///< The bias may be null; else it has rhs's free shape.
  Value output;         ///< What is sliced.
  int64_t features = 0; ///< First dimension of output's features.
  SmallVector<SliceOp> slices;
};

/// Whether two slices have no element in common.
bool areDisjoint(SliceOp a, SliceOp b) {
  for (int64_t dim = 0, rank = rankOf(a.getInput()); dim < rank; ++dim) {
    if (a.getLimits()[dim] <= b.getStarts()[dim] ||
        b.getLimits()[dim] <= a.getStarts()[dim])
      return true;
    int64_t stride = a.getStrides()[dim];
    if (stride == b.getStrides()[dim] &&
        (a.getStarts()[dim] - b.getStarts()[dim]) % stride)
      return true;
  }
  return false;
}

/// Takes `output`'s users if they are disjoint slices of features.
bool collectSlices(Projection &projection) {
  for (Operation *user : projection.output.getUsers()) {
    auto slice = dyn_cast<SliceOp>(user);
    if (!slice)
      return false;
    for (int64_t dim = 0; dim < projection.features; ++dim)
      if (shapeOf(slice.getInput())[dim] != shapeOf(slice.getResult())[dim])
        return false;
    for (SliceOp other : projection.slices)
      if (!areDisjoint(slice, other))
        return false;
    projection.slices.push_back(slice);
  }
  return !projection.slices.empty();
}

struct SplitProjection : OpRewritePattern<DotOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DotOp op,
                                PatternRewriter &rewriter) const override {
    Projection projection{op, op.getRhs(), {}, op.getResult(), 0, {}};
    if (!op.getRhs().getDefiningOp<ParameterOp>() || !op.getRhsBatch().empty())
      return rewriter.notifyMatchFailure(op, "not a projection");
    projection.features = op.getLhsFree().size() + op.getLhsBatch().size();
    takeBias(projection);
    if (!takeReshape(projection))
      return rewriter.notifyMatchFailure(op, "the features are not split");
    if (!collectSlices(projection))
      return rewriter.notifyMatchFailure(op, "not used by disjoint slices");
    split(rewriter, projection);
    return success();
  }

private:
  static void takeBias(Projection &projection) {
    if (!projection.output.hasOneUse())
      return;
    auto add = dyn_cast<AddOp>(*projection.output.user_begin());
    if (!add)
      return;
    Value other =
        add.getLhs() == projection.output ? add.getRhs() : add.getLhs();
    Value bias = matchTrailingBroadcast(other, projection.features);
    if (!bias)
      return;
    projection.bias = bias;
    projection.output = add;
  }

  /// Goes on to a reshape that splits features only.
  static bool takeReshape(Projection &projection) {
    if (!projection.output.hasOneUse())
      return true;
    auto reshape = dyn_cast<ReshapeOp>(*projection.output.user_begin());
    if (!reshape)
      return true;
    ArrayRef<int64_t> from = shapeOf(projection.output),
                      to = shapeOf(reshape.getResult());
    int64_t features = projection.features, rank = from.size();
    if (rank != features + 1 || static_cast<int64_t>(to.size()) <= features ||
        from.take_front(features) != to.take_front(features))
      return false;
    projection.output = reshape;
    return true;
  }

  static void split(PatternRewriter &rewriter, const Projection &projection) {
    DotOp dot = projection.dot;
    Location loc = dot.getLoc();
    rewriter.setInsertionPoint(projection.output.getDefiningOp());
    ArrayRef<int64_t> features =
        shapeOf(projection.output).drop_front(projection.features);
    // The weight with its features in as many dimensions as the output's.
    SmallVector<int64_t> free = dot.getRhsFree(), contract, shape;
    bool reshaped = features.size() != free.size();
    SmallVector<int64_t> freeDims;
    for (int64_t dim = 0; dim < rankOf(dot.getRhs()); ++dim) {
      if (!llvm::is_contained(free, dim)) {
        shape.push_back(shapeOf(dot.getRhs())[dim]);
        continue;
      }
      ArrayRef<int64_t> sizes = shapeOf(dot.getRhs()).slice(dim, 1);
      for (int64_t size : reshaped ? features : sizes) {
        freeDims.push_back(shape.size());
        shape.push_back(size);
      }
    }
    for (int64_t dim : dot.getRhsContract())
      contract.push_back(
          reshaped && dim > free.front() ? dim + features.size() - 1 : dim);
    Value weight = createReshape(rewriter, loc, projection.weight, shape);
    Value bias;
    if (projection.bias)
      bias = createReshape(rewriter, loc, projection.bias, features);
    for (SliceOp slice : projection.slices) {
      rewriter.setInsertionPoint(slice);
      Value part = weight, partBias = bias;
      for (auto [index, dim] : llvm::enumerate(freeDims)) {
        part = take(rewriter, part, dim, slice, projection.features + index);
        if (bias)
          partBias = take(rewriter, partBias, index, slice,
                          projection.features + index);
      }
      RankedTensorType type = typeOf(slice.getResult());
      Value result = DotOp::create(
          rewriter, fuseLocations({dot.getResult(), slice.getResult()}), type,
          dot.getLhs(), part, dot.getLhsBatch(), dot.getRhsBatch(),
          dot.getLhsContract(), contract);
      if (bias) {
        auto dims = llvm::to_vector(
            llvm::seq<int64_t>(projection.features, type.getRank()));
        partBias = BroadcastOp::create(rewriter, loc, type, partBias, dims);
        result =
            AddOp::create(rewriter, slice.getLoc(), type, result, partBias);
      }
      rewriter.replaceOp(slice, result);
    }
  }

  /// The part of dimension `dim` that the slice takes of its dimension `from`.
  static Value take(OpBuilder &builder, Value value, int64_t dim, SliceOp slice,
                    int64_t from) {
    SmallVector<int64_t> shape(shapeOf(value)), limits(shape),
        starts(shape.size(), 0), strides(shape.size(), 1);
    int64_t size = shapeOf(slice.getResult())[from];
    if (shape[dim] == size)
      return value;
    starts[dim] = slice.getStarts()[from];
    limits[dim] = slice.getLimits()[from];
    strides[dim] = slice.getStrides()[from];
    shape[dim] = size;
    auto type = RankedTensorType::get(shape, typeOf(value).getElementType());
    return SliceOp::create(builder, slice.getLoc(), type, value, starts, limits,
                           strides);
  }
};

class GraphSplitQkv : public prepare::impl::GraphSplitQkvBase<GraphSplitQkv> {
  void runOnOperation() override {
    int64_t before = countProducts();
    RewritePatternSet patterns(&getContext());
    patterns.add<SplitProjection>(&getContext());
    populateParameterViewPatterns(patterns);
    if (failed(rewriteToFixpoint(getOperation(), std::move(patterns))))
      return signalPassFailure();
    projections += countProducts() - before;
  }
  int64_t countProducts() {
    int64_t count = 0;
    getOperation()->walk([&](DotOp) { ++count; });
    return count;
  }
};
} // namespace
