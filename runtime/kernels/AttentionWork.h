// What a call of attention computes, for who predicts or measures its time;
// depends on nothing.
#ifndef VESCALE_RUNTIME_KERNELS_ATTENTIONWORK_H
#define VESCALE_RUNTIME_KERNELS_ATTENTIONWORK_H

#include <cstdint>

namespace vescale::runtime {

struct AttentionShape {
  int64_t batch, heads, queries, keys, headDim, valueDim;
  bool causal = false; // the last query sees all keys
  int64_t window = 0;
  bool hasMask = false, hasCap = false;
};

/// Operations: of products, a multiply-add as two, and all others, one for each
/// of load, store and arithmetic, 20 for an exponential.
struct AttentionWork {
  double products, others;
};

/// Queries, keys and features go in strips of so many.
constexpr int64_t attentionStrip = 16;

constexpr int64_t toStrips(int64_t size) {
  return (size + attentionStrip - 1) / attentionStrip * attentionStrip;
}

/// Pairs of a query and a key whose scores are computed, for one head: queries
/// of one strip have the same keys.
constexpr double scoredPairs(const AttentionShape &shape) {
  int64_t diagonal = shape.keys - shape.queries;
  double pairs = 0;
  for (int64_t query = 0; query < shape.queries; query += attentionStrip) {
    int64_t begin = 0, end = shape.keys;
    if (shape.causal && query + attentionStrip + diagonal < end)
      end = query + attentionStrip + diagonal;
    if (shape.window > 0 && query + diagonal - shape.window + 1 > 0)
      begin = query + diagonal - shape.window + 1;
    begin = begin / attentionStrip * attentionStrip;
    if (begin < end)
      pairs += static_cast<double>(attentionStrip * (toStrips(end) - begin));
  }
  return pairs;
}

/// `queryProducts` products have the head's size for each pair, `valueProducts`
/// the value's; `perPair` are the other operations.
constexpr AttentionWork attentionWork(const AttentionShape &shape,
                                      int64_t queryProducts,
                                      int64_t valueProducts, double perPair) {
  double pairs =
      static_cast<double>(shape.batch * shape.heads) * scoredPairs(shape);
  // A mask's load and sum or choice; a cap's hyperbolic tangent, two products.
  perPair += shape.hasMask ? 3 : 0;
  perPair += shape.hasCap ? 22 : 0;
  return {2 * pairs *
              static_cast<double>(queryProducts * toStrips(shape.headDim) +
                                  valueProducts * toStrips(shape.valueDim)),
          pairs * perPair};
}

/// Scores and their sums of values; the largest score (3), its difference to
/// each, an exponential and their sum (24).
constexpr AttentionWork attentionWork(const AttentionShape &shape) {
  return attentionWork(shape, 1, 1, 3 + 24);
}

/// Of its gradients: weights anew and their gradients, and three sums; an
/// exponential with what leads to it (24), a score's gradient (6), what is
/// copied and added up again for each block (8).
constexpr AttentionWork attentionGradWork(const AttentionShape &shape) {
  return attentionWork(shape, 3, 2, 24 + 6 + 8);
}

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_KERNELS_ATTENTIONWORK_H
