//===- Attention.cpp - Sharding of attention and rotary ---------*- C++ -*-===//

#include "dialects/Graph/Sharding/Local.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using dist::ReductionKind;
using dist::ShardingRule;
using dist::ShardingRuleBuilder;

VESCALE_PARTITION_BY_CLONE(AttentionOp)
VESCALE_PARTITION_BY_CLONE(AttentionGradOp)
VESCALE_PARTITION_BY_CLONE(RotaryOp)

namespace {
/// The factors of attention and of its gradient, which differ in how those that
/// keys and values lack combine.
///
/// Query heads are (key head, head within its group): with more ranks than key
/// heads, the ranks that share a key head split its group. Query positions
/// may be sharded unless a causal mask needs to know where they are.
struct Factors {
  template <typename Op>
  Factors(Op op, ShardingRuleBuilder &builder, bool grad) {
    ArrayRef<int64_t> q = shapeOf(op.getQuery()), k = shapeOf(op.getKey());
    auto overQueries = [&](int64_t size) {
      return grad ? builder.reduction(size, ReductionKind::Sum)
                  : builder.factor(size);
    };
    int64_t keyHeads = k[1], group = q[1] / k[1];
    batch = builder.factor(q[0]);
    // A key head that all queries share is on every rank.
    bool shared = keyHeads == 1 && group > 1;
    head = shared ? builder.whole(1) : builder.factor(keyHeads);
    query = op.getCausal() ? builder.whole(q[2]) : overQueries(q[2]);
    key = builder.whole(k[2]);
    feature = builder.whole(q[3]);
    // The products of values with the result's gradient sum over them.
    int64_t outputs = shapeOf(op.getValue())[3];
    value = grad ? builder.whole(outputs) : builder.factor(outputs);
    if (!shared)
      heads.push_back(head);
    if (group > 1)
      heads.push_back(overQueries(group));
    if (heads.size() > 1)
      builder.exact(heads[0]).exact(heads[1]);
    builder.operandDim(0, 0, batch).operandDim(0, 1, heads);
    builder.operandDim(0, 2, query).operandDim(0, 3, feature);
    builder.operandDim(1, 0, batch).operandDim(1, 1, head);
    builder.operandDim(1, 2, key).operandDim(1, 3, feature);
    builder.operandDim(2, 0, batch).operandDim(2, 1, head);
    builder.operandDim(2, 2, key).operandDim(2, 3, value);
    if (Value mask = op.getMask()) {
      ArrayRef<int64_t> m = shapeOf(mask);
      if (m[0] == q[0])
        builder.operandDim(3, 0, batch);
      if (m[1] == q[1])
        builder.operandDim(3, 1, heads);
      if (m[2] == q[2])
        builder.operandDim(3, 2, query);
      builder.operandDim(3, 3, key);
    }
    if (op.getCounters()) {
      unsigned counters = op.getCountersIndex();
      builder.operandDim(counters, 0, batch).operandDim(counters, 1, heads);
      builder.operandDim(counters, 2, query);
    }
  }

  unsigned batch, head, query, key, feature, value;
  SmallVector<unsigned> heads;
};
} // namespace

ShardingRule AttentionOp::getShardingRule() {
  ShardingRuleBuilder builder(*this);
  Factors f(*this, builder, /*grad=*/false);
  builder.resultDim(0, 0, f.batch).resultDim(0, 1, f.heads);
  builder.resultDim(0, 2, f.query).resultDim(0, 3, f.value);
  if (!getLse())
    return builder.linear({2}).build();
  // Values do not go into lse, so it is not partial where they are.
  builder.resultDim(1, 0, f.batch).resultDim(1, 1, f.heads);
  return builder.resultDim(1, 2, f.query).build();
}

/// Queries and the heads of a group are summed up in the gradients of keys and
/// values: sharded, they leave these partial.
ShardingRule AttentionGradOp::getShardingRule() {
  ShardingRuleBuilder builder(*this);
  Factors f(*this, builder, /*grad=*/true);
  unsigned resultGrad = getResultGradIndex(), delta = getDeltaIndex();
  for (unsigned operand : {resultGrad, getLseIndex(), delta})
    builder.operandDim(operand, 0, f.batch)
        .operandDim(operand, 1, f.heads)
        .operandDim(operand, 2, f.query);
  builder.operandDim(resultGrad, 3, f.value);
  builder.resultDim(0, 0, f.batch).resultDim(0, 1, f.heads);
  builder.resultDim(0, 2, f.query).resultDim(0, 3, f.feature);
  for (unsigned result : {1, 2})
    builder.resultDim(result, 0, f.batch)
        .resultDim(result, 1, f.head)
        .resultDim(result, 2, f.key)
        .resultDim(result, 3, result == 1 ? f.feature : f.value);
  return builder.linear({resultGrad, delta}).build();
}

ShardingRule RotaryOp::getShardingRule() {
  ShardingRuleBuilder builder(*this);
  ArrayRef<int64_t> x = shapeOf(getInput()), cos = shapeOf(getCos());
  for (size_t fromEnd = 1; fromEnd <= x.size(); ++fromEnd) {
    size_t dim = x.size() - fromEnd;
    unsigned factor =
        fromEnd == 1 ? builder.whole(x[dim]) : builder.factor(x[dim]);
    builder.operandDim(0, dim, factor).resultDim(0, dim, factor);
    if (fromEnd > cos.size())
      continue;
    size_t cosDim = cos.size() - fromEnd;
    if (fromEnd == 1)
      factor = builder.whole(cos[cosDim]);
    else if (cos[cosDim] != x[dim])
      continue; // size 1
    builder.operandDim(1, cosDim, factor).operandDim(2, cosDim, factor);
  }
  return builder.linear({0}).build();
}
