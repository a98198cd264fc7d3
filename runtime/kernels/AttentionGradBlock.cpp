// Gradients of attention for one key head, in vectors of the instruction set it
// is compiled for (VESCALE_ISA: v3 or v4); after FlashAttention (Dao et al.,
// 2022, algorithm 4).
//
// For each block of keys, for each head that reads them, for each block of
// queries that sees any of them:
//   1. in strips of 16 queries: scores = queries · keysᵀ and weight gradients =
//      result gradients · valuesᵀ, for the keys that the strip sees;
//   2. each row: weights = exp(score - lse), score gradients =
//      weights · (weight gradients - delta); 0 where the mask hides a key; of
//      dropped keys neither weight nor weight gradient counts;
//   3. query gradients += score gradients · keys;
//   4. in strips of 16 keys: value gradients += weightsᵀ · result gradients and
//      key gradients += score gradientsᵀ · queries, for the queries that see
//      them.
// Keys, values and queries are copied to scratch, padded with zeros to 16
// features, so that no product has a tail.
//
// No header with inline functions is included: two builds of one inline
// function for different instruction sets must not meet in the linker.
#include "runtime/kernels/AttentionGradBlock.h"
#include "runtime/kernels/AttentionMask.h"
#include "runtime/kernels/Tiles.h"
#include "runtime/kernels/VectorPhilox.h"

namespace vescale::runtime::VESCALE_ISA {
namespace {

constexpr int64_t keysPerBlock = 128, queriesPerBlock = 64, strip = 16;

int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
int64_t stripDown(int64_t at) { return at & -strip; }
int64_t stripUp(int64_t at) { return (at + strip - 1) & -strip; }

void clear(float *at, int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    at[i] = 0.0f;
}

/// Rows of `columns` to rows of `padded`, zeros behind.
void copyRows(const float *from, int64_t stride, int64_t rows, int64_t columns,
              float *to, int64_t padded) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t d = 0; d < columns; ++d)
      to[i * padded + d] = from[i * stride + d];
    clear(to + i * padded + columns, padded - columns);
  }
}

void copyBack(const float *from, int64_t padded, int64_t rows, int64_t columns,
              float *to, int64_t stride) {
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t d = 0; d < columns; ++d)
      to[i * stride + d] = from[i * padded + d];
}

/// Queries or keys [begin, end) of a block.
struct Range {
  int64_t begin, end;
};

class GradRun {
public:
  explicit GradRun(const AttentionGradBlock &block)
      : block(block), features(stripUp(block.headDim)),
        outputs(stripUp(block.valueDim)), keyRows(block.scratch),
        keysT(keyRows + keysPerBlock * features),
        keyGrads(keysT + keysPerBlock * features),
        valuesT(keyGrads + keysPerBlock * features),
        valueGrads(valuesT + keysPerBlock * outputs),
        queryRows(valueGrads + keysPerBlock * outputs),
        queryGrads(queryRows + queriesPerBlock * features),
        outGrads(queryGrads + queriesPerBlock * features),
        weights(outGrads + queriesPerBlock * outputs),
        scoreGrads(weights + queriesPerBlock * keysPerBlock) {}

  void run() {
    for (int64_t head = 0; head < block.heads; ++head)
      for (int64_t i = 0; i < block.queries; ++i)
        clear(rowOf(block.qGrad, head, i), block.headDim);
    for (key = 0; key < block.keys; key += keysPerBlock) {
      keyCount = least(keysPerBlock, block.keys - key);
      keyBlock();
    }
  }

private:
  template <typename T>
  static T *rowOf(const HeadRows<T> &rows, int64_t head, int64_t row) {
    return rows.at + head * rows.head + row * rows.row;
  }

  void keyBlock() {
    int64_t padded = stripUp(keyCount);
    const float *keys = rowOf(block.k, 0, key);
    copyRows(keys, block.k.row, keyCount, block.headDim, keyRows, features);
    clear(keyRows + keyCount * features, (padded - keyCount) * features);
    transpose(keys, block.k.row, keyCount, block.headDim, keysT, keysPerBlock);
    transpose(rowOf(block.v, 0, key), block.v.row, keyCount, block.valueDim,
              valuesT, keysPerBlock);
    clearTail(keysT, block.headDim);
    clearTail(valuesT, block.valueDim);
    clear(keyGrads, padded * features);
    clear(valueGrads, padded * outputs);
    // The queries that see any of these keys.
    Range seen = {0, block.queries};
    if (block.causal)
      seen.begin = most(0, key - block.diagonal);
    if (block.window > 0)
      seen.end =
          least(seen.end, key + keyCount - 1 - block.diagonal + block.window);
    for (head = 0; head < block.heads; ++head)
      for (query = seen.begin; query < seen.end; query += queriesPerBlock) {
        queryCount = least(queriesPerBlock, seen.end - query);
        queryBlock();
      }
    copyBack(keyGrads, features, keyCount, block.headDim,
             rowOf(block.kGrad, 0, key), block.kGrad.row);
    copyBack(valueGrads, outputs, keyCount, block.valueDim,
             rowOf(block.vGrad, 0, key), block.vGrad.row);
  }

  /// Transposition fills columns up to a vector; strips may be wider.
  void clearTail(float *transposed, int64_t rows) {
    int64_t begin = (keyCount + width - 1) / width * width;
    if (begin < stripUp(keyCount))
      for (int64_t d = 0; d < rows; ++d)
        clear(transposed + d * keysPerBlock + begin, width);
  }

  /// The keys of the block that query `i` of the block sees.
  Range keysOf(int64_t i) const {
    Range seen = {0, keyCount};
    int64_t last = i + query + block.diagonal - key;
    if (block.causal)
      seen.end = most(0, least(seen.end, last + 1));
    if (block.window > 0)
      seen.begin = most(0, last - block.window + 1);
    return seen;
  }

  void queryBlock() {
    copyRows(rowOf(block.q, head, query), block.q.row, queryCount,
             block.headDim, queryRows, features);
    copyRows(rowOf(block.outGrad, head, query), block.outGrad.row, queryCount,
             block.valueDim, outGrads, outputs);
    float *grads = rowOf(block.qGrad, head, query);
    copyRows(grads, block.qGrad.row, queryCount, block.headDim, queryGrads,
             features);
    for (int64_t i = 0; i < queryCount; i += strip)
      queryStrip(i, least(strip, queryCount - i));
    for (int64_t j = 0; j < keyCount; j += strip)
      keyStrip(j);
    copyBack(queryGrads, features, queryCount, block.headDim, grads,
             block.qGrad.row);
  }

  void queryStrip(int64_t i, int64_t count) {
    Range seen = {stripDown(keysOf(i).begin),
                  stripUp(keysOf(i + count - 1).end)};
    int64_t keys = seen.end - seen.begin;
    if (keys <= 0)
      return;
    int64_t at = i * keysPerBlock + seen.begin;
    multiply<false>(count, keys, block.headDim, queryRows + i * features,
                    features, keysT + seen.begin, keysPerBlock, weights + at,
                    keysPerBlock);
    multiply<false>(count, keys, block.valueDim, outGrads + i * outputs,
                    outputs, valuesT + seen.begin, keysPerBlock,
                    scoreGrads + at, keysPerBlock);
    for (int64_t row = i; row < i + count; ++row)
      weighRow(row, seen);
    multiply<true>(count, features, keys, scoreGrads + at, keysPerBlock,
                   keyRows + seen.begin * features, features,
                   queryGrads + i * features, features);
  }

  void keyStrip(int64_t j) {
    Range seen = {0, queryCount};
    int64_t first = key + j - block.diagonal - query;
    if (block.causal)
      seen.begin = most(0, first);
    if (block.window > 0)
      seen.end = least(seen.end, first + strip - 1 + block.window);
    if (seen.begin >= seen.end)
      return;
    // Whole strips of queries: there the weights are known to the strip's end.
    seen.begin = stripDown(seen.begin);
    seen.end = least(queryCount, stripUp(seen.end));
    int64_t queries = seen.end - seen.begin;
    int64_t at = seen.begin * keysPerBlock + j;
    multiply<true, Left::Depth>(strip, outputs, queries, weights + at,
                                keysPerBlock, outGrads + seen.begin * outputs,
                                outputs, valueGrads + j * outputs, outputs);
    multiply<true, Left::Depth>(strip, features, queries, scoreGrads + at,
                                keysPerBlock, queryRows + seen.begin * features,
                                features, keyGrads + j * features, features);
  }

  /// Scores of the keys that were computed to weights, weight gradients to
  /// score gradients.
  void weighRow(int64_t i, Range computed) {
    float *row = weights + i * keysPerBlock;
    float *grads = scoreGrads + i * keysPerBlock;
    if (block.mask || block.softcap > 0.0f || block.drop.counters)
      return weighBent(i, row, grads, computed);
    int64_t statistic = head * block.queries + query + i;
    Range seen = keysOf(i);
    Vec scale = splat(block.scale), lse = splat(block.lse[statistic]),
        delta = splat(block.delta[statistic]);
    for (int64_t j = computed.begin; j < computed.end; j += width) {
      Vec weight = expVec(load(row + j) * scale - lse);
      Vec grad = weight * (load(grads + j) - delta) * scale;
      if (j < seen.begin || j + width > seen.end) {
        weight = hide(j, seen, weight);
        grad = hide(j, seen, grad);
      }
      store(row + j, weight);
      store(grads + j, grad);
    }
  }

  /// A vector of keys from `j` on with zeros for those that are not seen.
  static Vec hide(int64_t j, Range seen, Vec value) {
    Vec index = splat(static_cast<float>(j)) + iota();
    IntVec hidden = (index >= splat(static_cast<float>(seen.end))) |
                    (index < splat(static_cast<float>(seen.begin)));
    return select(hidden, splat(0.0f), value);
  }

  /// The same with a cap, a mask or dropped keys.
  void weighBent(int64_t i, float *row, float *grads, Range computed) {
    float bias[keysPerBlock] = {};
    if (block.mask) {
      const char *mask = static_cast<const char *>(block.mask) +
                         head * block.maskHead * (block.maskKind == 1 ? 1 : 4);
      maskRow(block.maskKind, mask, block.maskQuery, block.maskKey, query + i,
              key, keyCount, bias);
    }
    int64_t statistic = head * block.queries + query + i;
    Range seen = keysOf(i);
    Vec lse = splat(block.lse[statistic]),
        delta = splat(block.delta[statistic]);
    Vec zero = splat(0.0f), none = splat(-__builtin_inff());
    float keptStorage[keysPerBlock + 128];
    const float *kept = nullptr;
    if (block.drop.counters)
      kept = keepRow(block.drop.counters[statistic] + key + computed.begin,
                     computed.end - computed.begin, block.drop, keptStorage);
    for (int64_t j = computed.begin; j < computed.end; j += width) {
      Vec score = load(row + j) * splat(block.scale);
      Vec slope = splat(block.scale);
      if (block.softcap > 0.0f) {
        Vec bent = tanhVec(score * splat(1.0f / block.softcap));
        score = splat(block.softcap) * bent;
        slope *= splat(1.0f) - bent * bent;
      }
      if (block.mask)
        score += load(bias + j);
      IntVec hidden = score == none;
      Vec weight = select(hidden, zero, expVec(score - lse));
      Vec grad = load(grads + j), counted = weight;
      if (kept) {
        Vec factor = load(kept + j - computed.begin);
        IntVec dropped = factor == zero;
        counted = select(dropped, zero, weight * factor);
        grad = select(dropped, zero, grad * factor);
      }
      grad = select(hidden, zero, weight * (grad - delta) * slope);
      store(row + j, hide(j, seen, counted));
      store(grads + j, hide(j, seen, grad));
    }
  }

  const AttentionGradBlock &block;
  int64_t features, outputs;
  float *keyRows, *keysT, *keyGrads, *valuesT, *valueGrads;
  float *queryRows, *queryGrads, *outGrads, *weights, *scoreGrads;
  // The block at hand.
  int64_t key = 0, keyCount = 0, head = 0, query = 0, queryCount = 0;
};

} // namespace

void attentionGradBlock(const AttentionGradBlock &block) {
  GradRun(block).run();
}

} // namespace vescale::runtime::VESCALE_ISA
