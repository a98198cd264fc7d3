//===- ShardingRule.h - The factors an op's dimensions share ----*- C++ -*-===//
//
// A sharding rule says, einsum-like, which dimensions of an op's operands and
// results walk together. Each dimension is a list of factors, major to minor;
// most have one. Sharding a factor shards all dimensions that have it. After
// GSPMD (Xu et al., 2021) and Shardy's op sharding rules.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_DIALECTS_DIST_SHARDINGRULE_H
#define VESCALE_DIALECTS_DIST_SHARDINGRULE_H

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/SmallVector.h"

namespace vescale::dist {

enum class ReductionKind : uint32_t;

enum class FactorKind {
  /// Each index of the factor is computed alone.
  Parallel,
  /// Absent from results: sharded, it leaves those that lack it partial.
  Reduction,
  /// Every rank needs all of it.
  Whole,
};

struct Factor {
  int64_t size;
  FactorKind kind = FactorKind::Parallel;
  /// How partial results combine, for Reduction factors.
  ReductionKind reduction = ReductionKind(0);
  /// Whether a sharded dimension of this one factor may have padding. Without
  /// it the shards must divide the factor.
  bool allowsPadding = true;
  /// Whether the op reads a shard's padding, which is then masked before it.
  bool readsPadding = true;
};

/// The factors of one dimension, major to minor.
using DimFactors = llvm::SmallVector<unsigned, 2>;
/// The dimensions of one tensor.
using TensorFactors = llvm::SmallVector<DimFactors>;

/// The op commutes with a reduction in these operands taken together, the
/// others held fixed: f(x1 ⊕ x2, y1 ⊕ y2, z) = f(x1, y1, z) ⊕ f(x2, y2, z).
struct Linearity {
  llvm::SmallVector<unsigned, 2> operands;
  bool sum = true, max = false, min = false;

  bool allows(ReductionKind kind) const;
};

class ShardingRule {
public:
  llvm::SmallVector<Factor> factors;
  llvm::SmallVector<TensorFactors> operands, results;
  llvm::SmallVector<Linearity> linearities;
  /// Results may be partial sums of themselves: they begin as zeros.
  bool startsAsZeros = false;

  /// The linearity whose operands are exactly `partialOperands`, or null.
  const Linearity *findLinearity(llvm::ArrayRef<unsigned> partialOperands,
                                 ReductionKind kind) const;
  /// Whether the factor stands in a dimension with others.
  bool isCompound(unsigned factor) const;
  /// `([i, k], [k, j]) -> ([i, j]) {i=2, j=3, k=4 reduce}`, for messages.
  std::string str() const;
};

/// Builds a rule factor by factor. Operand and result dimensions that are given
/// no factor must be given none in size either: build() asserts that products
/// of factor sizes are the dimensions' sizes.
class ShardingRuleBuilder {
public:
  explicit ShardingRuleBuilder(mlir::Operation *op);

  unsigned factor(int64_t size, FactorKind kind = FactorKind::Parallel);
  unsigned reduction(int64_t size, ReductionKind kind);
  unsigned whole(int64_t size) { return factor(size, FactorKind::Whole); }
  /// Shards must divide the factor.
  ShardingRuleBuilder &exact(unsigned factor);
  /// The op never looks at a shard's padding.
  ShardingRuleBuilder &skipsPadding(unsigned factor);

  /// Appends factors to a dimension; they are minor to those it has.
  ShardingRuleBuilder &operandDim(unsigned operand, unsigned dim,
                                  llvm::ArrayRef<unsigned> factors);
  ShardingRuleBuilder &resultDim(unsigned result, unsigned dim,
                                 llvm::ArrayRef<unsigned> factors);
  /// All operands and results have one shape and walk together.
  ShardingRuleBuilder &pointwise();

  /// The op is jointly linear in these operands.
  ShardingRuleBuilder &linear(llvm::ArrayRef<unsigned> operands);
  /// The op commutes with sum, max and min in these operands together, as an op
  /// that only moves elements does.
  ShardingRuleBuilder &moves(llvm::ArrayRef<unsigned> operands);
  ShardingRuleBuilder &commutes(llvm::ArrayRef<unsigned> operands,
                                ReductionKind kind);

  ShardingRuleBuilder &startsAsZeros(bool value) {
    rule.startsAsZeros = value;
    return *this;
  }

  ShardingRule build();

private:
  mlir::Operation *op;
  ShardingRule rule;
};

} // namespace vescale::dist

#endif // VESCALE_DIALECTS_DIST_SHARDINGRULE_H
