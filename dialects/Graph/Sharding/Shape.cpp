//===- Shape.cpp - Sharding of ops that move elements -----------*- C++ -*-===//

#include "dialects/Graph/Sharding/Local.h"
#include <numeric>

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using dist::PartitionContext;
using dist::ShardingRule;
using dist::ShardingRuleBuilder;

VESCALE_PARTITION_BY_CLONE(BroadcastOp)
VESCALE_PARTITION_BY_CLONE(ReshapeOp)
VESCALE_PARTITION_BY_CLONE(TransposeOp)
VESCALE_PARTITION_BY_CLONE(ReverseOp)
VESCALE_PARTITION_BY_CLONE(ConcatOp)
VESCALE_PARTITION_BY_CLONE(PadOp)

ShardingRule BroadcastOp::getShardingRule() {
  ShardingRuleBuilder builder(*this);
  ArrayRef<int64_t> dims = getDims();
  for (auto [dim, size] : llvm::enumerate(shapeOf(getResult()))) {
    unsigned factor = builder.factor(size);
    builder.resultDim(0, dim, factor);
    const int64_t *from = llvm::find(dims, static_cast<int64_t>(dim));
    if (from != dims.end())
      builder.operandDim(0, from - dims.begin(), factor);
  }
  return builder.moves({0}).build();
}

/// Walks both shapes from the left and gives each stretch of elements that both
/// see as a unit a factor:
///   1. equal remaining sizes share one factor;
///   2. where one divides the other, the smaller is a major part of the larger;
///   3. where neither does, they share the greatest common divisor as major
///      part and every rank needs all of what remains, up to the next pair of
///      dimensions at which both shapes have seen the same number of elements.
/// A factor that shares a dimension with others must be divided evenly.
ShardingRule ReshapeOp::getShardingRule() {
  ShardingRuleBuilder builder(*this);
  ArrayRef<int64_t> in = shapeOf(getInput()), out = shapeOf(getResult());
  size_t i = 0, o = 0;
  int64_t restIn = 1, restOut = 1;   // of dimensions i - 1 and o - 1
  int64_t wholeIn = 1, wholeOut = 1; // passed in step 3 and not yet matched
  bool aligned = true;
  auto atBoundary = [&] { return restIn == 1 && restOut == 1; };
  if (llvm::is_contained(in, 0)) {
    for (auto [dim, size] : llvm::enumerate(in))
      builder.operandDim(0, dim, builder.whole(size));
    for (auto [dim, size] : llvm::enumerate(out))
      builder.resultDim(0, dim, builder.whole(size));
    return builder.build();
  }
  while (true) {
    while (restIn == 1 && i < in.size())
      restIn = in[i++];
    while (restOut == 1 && o < out.size())
      restOut = out[o++];
    if (restIn == 1 && restOut == 1)
      break;
    if (!aligned) {
      // Step 3: take the side that has seen fewer elements.
      if (wholeIn <= wholeOut && restIn > 1) {
        builder.operandDim(0, i - 1, builder.whole(restIn));
        wholeIn *= restIn;
        restIn = 1;
      } else {
        builder.resultDim(0, o - 1, builder.whole(restOut));
        wholeOut *= restOut;
        restOut = 1;
      }
      aligned = wholeIn == wholeOut;
      if (aligned)
        wholeIn = wholeOut = 1;
      continue;
    }
    int64_t shared = std::gcd(restIn, restOut);
    bool stuck = shared != restIn && shared != restOut;
    if (shared > 1) {
      unsigned factor = builder.factor(shared);
      bool whole =
          restIn == in[i - 1] && restOut == out[o - 1] && restIn == restOut;
      if (!whole)
        builder.exact(factor);
      builder.operandDim(0, i - 1, factor).resultDim(0, o - 1, factor);
      restIn /= shared;
      restOut /= shared;
    }
    aligned = !stuck || atBoundary();
  }
  return builder.moves({0}).build();
}

ShardingRule TransposeOp::getShardingRule() {
  ShardingRuleBuilder builder(*this);
  for (auto [dim, from] : llvm::enumerate(getPermutation())) {
    unsigned factor = builder.factor(shapeOf(getInput())[from]);
    builder.operandDim(0, from, factor).resultDim(0, dim, factor);
  }
  return builder.moves({0}).build();
}

ShardingRule SliceOp::getShardingRule() {
  ShardingRuleBuilder builder(*this);
  for (auto [dim, size] : llvm::enumerate(shapeOf(getInput()))) {
    int64_t taken = shapeOf(getResult())[dim];
    if (taken == size) {
      unsigned factor = builder.factor(size);
      builder.operandDim(0, dim, factor).resultDim(0, dim, factor);
      continue;
    }
    builder.operandDim(0, dim, builder.whole(size));
    builder.resultDim(0, dim, builder.whole(taken));
  }
  return builder.moves({0}).build();
}

LocalValues SliceOp::partition(OpBuilder &builder, ValueRange operands,
                               ArrayRef<RankedTensorType> resultTypes,
                               const PartitionContext &) {
  SmallVector<int64_t> limits(getLimits());
  for (auto [dim, limit] : llvm::enumerate(limits))
    if (shapeOf(getInput())[dim] == shapeOf(getResult())[dim])
      limit = shapeOf(operands[0])[dim];
  return SmallVector<Value>{SliceOp::create(builder, getLoc(), resultTypes[0],
                                            operands[0], getStarts(), limits,
                                            getStrides())};
}

ShardingRule ReverseOp::getShardingRule() {
  ShardingRuleBuilder builder(*this);
  for (auto [dim, size] : llvm::enumerate(shapeOf(getInput()))) {
    unsigned factor = static_cast<int64_t>(dim) == int64_t(getDim())
                          ? builder.whole(size)
                          : builder.factor(size);
    builder.operandDim(0, dim, factor).resultDim(0, dim, factor);
  }
  return builder.moves({0}).build();
}

ShardingRule ConcatOp::getShardingRule() {
  ShardingRuleBuilder builder(*this);
  SmallVector<unsigned> all;
  for (unsigned index = 0; index < getNumOperands(); ++index)
    all.push_back(index);
  for (auto [dim, size] : llvm::enumerate(shapeOf(getResult()))) {
    if (static_cast<int64_t>(dim) == int64_t(getDim())) {
      for (unsigned index : all)
        builder.operandDim(index, dim,
                           builder.whole(shapeOf(getInputs()[index])[dim]));
      builder.resultDim(0, dim, builder.whole(size));
      continue;
    }
    unsigned factor = builder.factor(size);
    for (unsigned index : all)
      builder.operandDim(index, dim, factor);
    builder.resultDim(0, dim, factor);
  }
  return builder.moves(all).build();
}

ShardingRule PadOp::getShardingRule() {
  ShardingRuleBuilder builder(*this);
  for (auto [dim, size] : llvm::enumerate(shapeOf(getInput()))) {
    if (getLow()[dim] == 0 && getHigh()[dim] == 0) {
      unsigned factor = builder.factor(size);
      builder.operandDim(0, dim, factor).resultDim(0, dim, factor);
      continue;
    }
    builder.operandDim(0, dim, builder.whole(size));
    builder.resultDim(0, dim, builder.whole(shapeOf(getResult())[dim]));
  }
  return builder.moves({0, 1}).build();
}
