//===- Attention.cpp - Cost of attention and rotary -------------*- C++ -*-===//

#include "dialects/Graph/Cost/Cost.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

/// The sum of max(0, min(q + shift, keys)) over queries q from 1 on.
static int64_t keysUpTo(int64_t queries, int64_t keys, int64_t shift) {
  // The queries that see some keys but not all, and those that see all.
  int64_t first = std::max<int64_t>(1, 1 - shift);
  int64_t last = std::min(queries, keys - shift);
  int64_t some = std::max<int64_t>(0, last - first + 1);
  int64_t all = queries - std::clamp<int64_t>(keys - shift, 0, queries);
  return some * (first + last + 2 * shift) / 2 + all * keys;
}

/// The pairs of a query and a key that causal and window let see each other:
/// the keys up to a query's place, less those before its window.
template <typename Op>
static int64_t visiblePairs(Op op, int64_t queries, int64_t keys) {
  if (!op.getCausal())
    return queries * keys;
  int64_t shift = keys - queries, window = op.getWindow();
  int64_t pairs = keysUpTo(queries, keys, shift);
  return window ? pairs - keysUpTo(queries, keys, shift - window) : pairs;
}

/// For each visible pair of each head: a dot product of D features, E
/// multiply-adds on the value, 6 for scale and softmax, 3 for softcap (divide,
/// tanh, multiply), 1 for the mask.
OpCost AttentionOp::getCost(TensorTypes operandTypes, TensorTypes resultTypes) {
  ArrayRef<int64_t> q = operandTypes[0].getShape();
  ArrayRef<int64_t> v = operandTypes[2].getShape();
  int64_t pairs = q[0] * q[1] * visiblePairs(*this, q[2], v[2]);
  int64_t perPair = 2 * q[3] + 2 * v[3] + 6;
  if (!getSoftcap().isZero())
    perPair += 3;
  if (getMask())
    perPair += 1;
  return streamingCost(pairs * perPair, operandTypes, resultTypes);
}

/// For each visible pair of each head: two dot products, of D and of E
/// features, multiply-adds on three gradients of D, D and E, 8 for scale and
/// weight, 5 for softcap (divide, tanh, multiply, slope), 1 for the mask.
OpCost AttentionGradOp::getCost(TensorTypes operandTypes,
                                TensorTypes resultTypes) {
  ArrayRef<int64_t> q = operandTypes[0].getShape();
  ArrayRef<int64_t> v = operandTypes[2].getShape();
  int64_t pairs = q[0] * q[1] * visiblePairs(*this, q[2], v[2]);
  int64_t perPair = 6 * q[3] + 4 * v[3] + 8;
  if (!getSoftcap().isZero())
    perPair += 5;
  if (getMask())
    perPair += 1;
  return streamingCost(pairs * perPair, operandTypes, resultTypes);
}

/// Two products and a sum for each element that is rotated.
OpCost RotaryOp::getCost(TensorTypes operandTypes, TensorTypes resultTypes) {
  ArrayRef<int64_t> x = operandTypes[0].getShape();
  int64_t rotated = 2 * operandTypes[1].getShape().back();
  int64_t rows = ShapedType::getNumElements(x.drop_back());
  return streamingCost(3 * rows * rotated, operandTypes, resultTypes);
}
