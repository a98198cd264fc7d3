//===- Attention.cpp - Sharding of attention and rotary ---------*- C++ -*-===//

#include "dialects/Graph/Sharding/Local.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using dist::ShardingRule;
using dist::ShardingRuleBuilder;

VESCALE_PARTITION_BY_CLONE(AttentionOp)
VESCALE_PARTITION_BY_CLONE(RotaryOp)

/// Query heads are (key head, head within its group): with more ranks than key
/// heads, the ranks that share a key head split its group. Query positions
/// may be sharded unless a causal mask needs to know where they are.
ShardingRule AttentionOp::getShardingRule() {
  ShardingRuleBuilder builder(*this);
  ArrayRef<int64_t> q = shapeOf(getQuery()), k = shapeOf(getKey());
  int64_t keyHeads = k[1], group = q[1] / k[1];
  unsigned batch = builder.factor(q[0]);
  // A key head that all queries share is on every rank.
  bool shared = keyHeads == 1 && group > 1;
  unsigned head = shared ? builder.whole(1) : builder.factor(keyHeads);
  unsigned inGroup = builder.factor(group);
  unsigned query = getCausal() ? builder.whole(q[2]) : builder.factor(q[2]);
  unsigned key = builder.whole(k[2]);
  unsigned feature = builder.whole(q[3]);
  unsigned value = builder.factor(shapeOf(getValue())[3]);
  SmallVector<unsigned> heads;
  if (!shared)
    heads.push_back(head);
  if (group > 1)
    heads.push_back(inGroup);
  if (heads.size() > 1)
    builder.exact(head).exact(inGroup);
  builder.operandDim(0, 0, batch).operandDim(0, 1, heads);
  builder.operandDim(0, 2, query).operandDim(0, 3, feature);
  builder.operandDim(1, 0, batch).operandDim(1, 1, head);
  builder.operandDim(1, 2, key).operandDim(1, 3, feature);
  builder.operandDim(2, 0, batch).operandDim(2, 1, head);
  builder.operandDim(2, 2, key).operandDim(2, 3, value);
  builder.resultDim(0, 0, batch).resultDim(0, 1, heads);
  builder.resultDim(0, 2, query).resultDim(0, 3, value);
  if (Value mask = getMask()) {
    ArrayRef<int64_t> m = shapeOf(mask);
    if (m[0] == q[0])
      builder.operandDim(3, 0, batch);
    if (m[1] == q[1])
      builder.operandDim(3, 1, heads);
    if (m[2] == q[2])
      builder.operandDim(3, 2, query);
    builder.operandDim(3, 3, key);
  }
  return builder.linear({2}).build();
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
