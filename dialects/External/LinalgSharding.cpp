//===- LinalgSharding.cpp - Sharding rules of linalg ops --------*- C++ -*-===//
//
// Each loop is a factor. It stays whole where an operand reads it in another
// way than by its plain index (windows), where the region asks for the index
// itself (linalg.index), and where a reduction is none that partial values
// know.
//
// What a sharded reduction leaves is partial, and every rank adds its init: for
// a sum, all ranks but the first of the group start from zero.
//
//===----------------------------------------------------------------------===//
#include "dialects/External/Linalg.h"
#include "dialects/Graph/Graph.h"
#include "dialects/Graph/Sharding/Local.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace vescale;
using dist::ReductionKind;
using dist::ShardingRuleBuilder;

namespace {
/// How an op's results come out of its reduction loops.
struct Combiner {
  ReductionKind kind;
  /// Neutral elements in the inputs leave the result alone, so that padding may
  /// be masked.
  bool skipsNeutral;
};
} // namespace

static std::optional<ReductionKind> kindOf(Operation *op) {
  if (isa<arith::AddFOp, arith::AddIOp>(op))
    return ReductionKind::Sum;
  if (isa<arith::MaximumFOp, arith::MaxSIOp>(op))
    return ReductionKind::Max;
  if (isa<arith::MinimumFOp, arith::MinSIOp>(op))
    return ReductionKind::Min;
  return std::nullopt;
}

/// The combiner that all results share, or none.
static std::optional<Combiner> findCombiner(linalg::LinalgOp op) {
  std::optional<Combiner> found;
  ArrayRef<BlockArgument> inits = op.getRegionOutputArgs();
  for (unsigned index = 0; index < inits.size(); ++index) {
    SmallVector<Operation *> ops;
    Value reduced = matchReduction(inits, index, ops);
    if (!reduced || ops.size() != 1)
      return std::nullopt;
    std::optional<ReductionKind> kind = kindOf(ops.front());
    if (!kind || (found && found->kind != *kind))
      return std::nullopt;
    bool plain = isa<BlockArgument>(reduced);
    bool product =
        *kind == ReductionKind::Sum && linalg::isaContractionOpInterface(op);
    bool skips = plain || product;
    found = Combiner{*kind, skips && (!found || found->skipsNeutral)};
  }
  return found;
}

/// The loops that must stay whole whatever the iterator type.
static llvm::SmallBitVector findWholeLoops(linalg::LinalgOp op) {
  llvm::SmallBitVector whole(op.getNumLoops());
  for (AffineMap map : op.getIndexingMapsArray()) {
    for (AffineExpr expr : map.getResults()) {
      if (isa<AffineDimExpr, AffineConstantExpr>(expr))
        continue;
      for (unsigned loop = 0; loop < op.getNumLoops(); ++loop)
        if (expr.isFunctionOfDim(loop))
          whole.set(loop);
    }
    // A loop that one tensor walks twice (a diagonal) cannot be cut alike.
    for (unsigned loop = 0; loop < op.getNumLoops(); ++loop)
      if (llvm::count(map.getResults(),
                      getAffineDimExpr(loop, op.getContext())) > 1)
        whole.set(loop);
  }
  op->walk([&](linalg::IndexOp index) { whole.set(index.getDim()); });
  return whole;
}

dist::ShardingRule vescale::getLinalgRule(linalg::LinalgOp op) {
  ShardingRuleBuilder builder(op);
  bool tensors = llvm::all_of(op->getOperandTypes(), [](Type type) {
    return isa<RankedTensorType>(type);
  });
  if (!tensors)
    return builder.build(); // refused: such an operand has no layout
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  llvm::SmallBitVector whole = findWholeLoops(op);
  std::optional<Combiner> combiner = findCombiner(op);
  SmallVector<unsigned> factors;
  for (auto [loop, iterator] : llvm::enumerate(op.getIteratorTypesArray())) {
    int64_t size = sizes[loop];
    bool reduces = iterator == utils::IteratorType::reduction;
    if (whole[loop] || (reduces && !combiner)) {
      factors.push_back(builder.whole(size));
    } else if (reduces) {
      factors.push_back(builder.reduction(size, combiner->kind));
      if (!combiner->skipsNeutral)
        builder.exact(factors.back());
    } else {
      factors.push_back(builder.factor(size));
    }
  }
  // Every dimension has one factor: its loop's, or a whole one of its own.
  auto factorOf = [&](AffineExpr expr, int64_t size) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      return factors[dim.getPosition()];
    return builder.whole(size);
  };
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  for (auto [index, map] : llvm::enumerate(maps)) {
    auto type = cast<RankedTensorType>(op->getOperand(index).getType());
    unsigned inputs = op.getNumDpsInputs();
    for (auto [dim, expr] : llvm::enumerate(map.getResults())) {
      unsigned factor = factorOf(expr, type.getDimSize(dim));
      builder.operandDim(index, dim, factor);
      if (index >= inputs)
        builder.resultDim(index - inputs, dim, factor);
    }
  }
  // init + Σ a·b: linear in a and init, and in b and init.
  if (linalg::isaContractionOpInterface(op) && combiner &&
      combiner->kind == ReductionKind::Sum && combiner->skipsNeutral)
    builder.linear({0, 2}).linear({1, 2});
  return builder.build();
}

/// The mesh axes over which the op's sums are split.
static SmallVector<dist::AxisRefAttr>
summedAxes(const dist::ShardingRule &rule,
           const dist::PartitionContext &context) {
  SmallVector<dist::AxisRefAttr> axes;
  llvm::SmallBitVector seen(rule.factors.size());
  for (auto [operand, tensor] : llvm::enumerate(rule.operands))
    for (auto [dim, factors] : llvm::enumerate(tensor))
      for (unsigned factor : factors) {
        const dist::Factor &info = rule.factors[factor];
        if (seen[factor] || info.kind != dist::FactorKind::Reduction ||
            info.reduction != ReductionKind::Sum)
          continue;
        seen.set(factor);
        llvm::append_range(axes, context.operandAxes(operand, dim));
      }
  return axes;
}

/// `init` on the first rank of the group that the axes span, zero on others.
static Value onFirstRank(OpBuilder &builder, Location loc, Value init,
                         ArrayRef<dist::AxisRefAttr> axes,
                         const dist::PartitionContext &context) {
  auto type = cast<RankedTensorType>(init.getType());
  auto index = RankedTensorType::get({}, builder.getI64Type());
  auto truth = RankedTensorType::get({}, builder.getI1Type());
  auto mask = RankedTensorType::get(type.getShape(), builder.getI1Type());
  Value rank = dist::AxisIndexOp::create(
      builder, loc, index, context.meshRef,
      dist::AxesAttr::get(builder.getContext(), axes));
  Value first =
      graph::CompareOp::create(builder, loc, truth, graph::Comparison::Eq, rank,
                               graph::splat(builder, loc, index, 0));
  first = graph::BroadcastOp::create(builder, loc, mask, first,
                                     ArrayRef<int64_t>());
  return graph::SelectOp::create(builder, loc, type, first, init,
                                 graph::splat(builder, loc, type, 0));
}

FailureOr<SmallVector<Value>>
vescale::partitionLinalg(linalg::LinalgOp op, OpBuilder &builder,
                         ValueRange operands,
                         ArrayRef<RankedTensorType> resultTypes,
                         const dist::PartitionContext &context) {
  SmallVector<Value> locals(operands);
  SmallVector<dist::AxisRefAttr> axes = summedAxes(getLinalgRule(op), context);
  if (!axes.empty())
    for (unsigned index = op.getNumDpsInputs(); index < locals.size(); ++index)
      locals[index] =
          onFirstRank(builder, op.getLoc(), locals[index], axes, context);
  SmallVector<Type> types(resultTypes.begin(), resultTypes.end());
  Operation *local = mlir::clone(builder, op, types, locals);
  return SmallVector<Value>(local->getResults());
}
