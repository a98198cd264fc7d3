// Attention for one block of queries with online softmax, in vectors of the
// instruction set it is compiled for (VESCALE_ISA: v3 or v4).
//
// The queries are transposed and scaled, so that scores lie keys × queries and
// all of softmax is elementwise: a vector holds one key for so many queries.
// For each block of keys:
//   1. in strips of 16 keys, for the queries that see any of them: scores =
//   keys
//      · queriesᵀ, in tiles held in registers; cap, mask;
//   2. raise the maximum of each query, rescale what was accumulated,
//      exponentiate, sum; then drop what is to be dropped;
//   3. in strips of 16 queries, for the keys that they see: accumulator +=
//      scoresᵀ · values.
// At the end each row is divided by its sum; a row without keys gives zeros.
//
// Blocks of keys begin at multiples of their size, and a key that is hidden
// adds nothing, so a query's result does not depend on the queries beside it.
//
// No header with inline functions is included: two builds of one inline
// function for different instruction sets must not meet in the linker.
#include "runtime/kernels/AttentionBlock.h"
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

/// Queries or keys [begin, end) of a block.
struct Range {
  int64_t begin, end;
};

class BlockRun {
public:
  explicit BlockRun(const AttentionBlock &block)
      : block(block), padded((block.queries + width - 1) / width * width),
        sumStride((block.valueDim + 15) / 16 * 16), scores(block.scratch),
        queriesT(scores + queriesPerBlock * keysPerBlock),
        sums(queriesT + block.headDim * queriesPerBlock),
        maximum(sums + queriesPerBlock * (sumStride ? sumStride : 16)),
        total(maximum + queriesPerBlock) {}

  void run() {
    begin();
    int64_t first = block.keyLo & -keysPerBlock;
    for (key = first; key < block.keyHi; key += keysPerBlock) {
      keyCount = least(keysPerBlock, block.keyHi - key);
      for (int64_t j = 0; j < keyCount; j += strip)
        scoreStrip(j);
      for (int64_t i = 0; i < padded; i += width)
        weigh(i);
      addValues();
    }
    for (int64_t i = 0; i < block.queries; ++i) {
      // A sum of zero: no key was seen. NaN sums stay NaN.
      float inverse = total[i] == 0.0f ? 0.0f : 1.0f / total[i];
      float *out = block.out + i * block.outStride;
      for (int64_t d = 0; d < block.valueDim; ++d)
        out[d] = sums[i * sumStride + d] * inverse;
      if (block.lse)
        block.lse[i] = total[i] == 0.0f ? -__builtin_inff()
                                        : maximum[i] + __builtin_logf(total[i]);
    }
  }

private:
  void begin() {
    transpose(block.q, block.qStride, block.queries, block.headDim, queriesT,
              queriesPerBlock);
    for (int64_t d = 0; d < block.headDim; ++d)
      for (int64_t i = 0; i < padded; i += width) {
        float *at = queriesT + d * queriesPerBlock + i;
        store(at, load(at) * splat(block.scale));
      }
    for (int64_t i = 0; i < padded; i += width) {
      store(maximum + i, splat(-__builtin_inff()));
      store(total + i, splat(0.0f));
    }
    for (int64_t at = 0; at < block.queries * sumStride; at += width)
      store(sums + at, splat(0.0f));
  }

  /// The queries for which scores of keys [j, j + strip) of the block are made:
  /// strips of queries that have one that sees one of them.
  Range queriesOf(int64_t j) const {
    Range seen = {0, block.queries};
    int64_t first = key + j - block.diagonal; // the first to see key j
    if (block.causal)
      seen.begin = most(0, first);
    if (block.window > 0)
      seen.end = least(seen.end, first + strip - 1 + block.window);
    return {stripDown(seen.begin), least(padded, stripUp(seen.end))};
  }

  /// The keys whose scores are made for the strip of queries that `i` is in.
  Range keysOf(int64_t i) const {
    Range seen = {0, keyCount};
    int64_t last = stripDown(i) + block.diagonal - key; // the last that it sees
    if (block.causal)
      seen.end = most(0, least(keyCount, stripUp(last + strip)));
    if (block.window > 0)
      seen.begin = most(0, stripDown(last - block.window + 1));
    return seen;
  }

  void scoreStrip(int64_t j) {
    Range seen = queriesOf(j);
    if (seen.begin >= seen.end)
      return;
    int64_t rows = least(strip, keyCount - j);
    multiply<false>(rows, seen.end - seen.begin, block.headDim,
                    block.k + (key + j) * block.kStride, block.kStride,
                    queriesT + seen.begin, queriesPerBlock,
                    scores + j * queriesPerBlock + seen.begin, queriesPerBlock);
    bool changes = block.mask || block.softcap > 0.0f;
    for (int64_t i = seen.begin; i < seen.end; i += width)
      if (changes || !seesAll(i, j, rows))
        for (int64_t row = j; row < j + rows; ++row)
          adjust(i, row);
  }

  /// Whether all queries of a vector see keys [j, j + rows).
  bool seesAll(int64_t i, int64_t j, int64_t rows) const {
    int64_t last = i + block.diagonal - key; // the last that query i sees
    return (!block.causal || last >= j + rows - 1) &&
           (block.window <= 0 || last + width - 1 - block.window < j);
  }

  /// Caps and masks the scores of a vector of queries with key `j`.
  void adjust(int64_t i, int64_t j) {
    float *at = scores + j * queriesPerBlock + i;
    Vec score = load(at), none = splat(-__builtin_inff());
    if (block.softcap > 0.0f)
      score =
          splat(block.softcap) * tanhVec(score * splat(1.0f / block.softcap));
    if (block.mask)
      score += maskColumn(block.maskKind, block.mask, block.maskQuery,
                          block.maskKey, i, block.queries, key + j);
    Vec query = splat(static_cast<float>(i)) + iota();
    int64_t first = key + j - block.diagonal; // the first query to see the key
    if (block.causal)
      score = select(query < splat(static_cast<float>(first)), none, score);
    if (block.window > 0)
      score = select(query >= splat(static_cast<float>(first + block.window)),
                     none, score);
    store(at, score);
  }

  /// Scores of a vector of queries to weights.
  void weigh(int64_t i) {
    Range seen = keysOf(i);
    if (seen.begin >= seen.end)
      return;
    Vec old = load(maximum + i), best = old;
    const float *column = scores + i;
    for (int64_t j = seen.begin; j < seen.end; ++j) {
      Vec score = load(column + j * queriesPerBlock);
      best = select(best < score, score, best);
    }
    // Nothing seen yet: every weight below is exp(-inf) = 0.
    Vec none = splat(-__builtin_inff());
    Vec top = select(best == none, splat(0.0f), best);
    Vec factor = expVec(old - top), sum = load(total + i) * factor;
    for (int64_t j = seen.begin; j < seen.end; ++j) {
      float *at = scores + j * queriesPerBlock + i;
      Vec weight = expVec(load(at) - top);
      store(at, weight);
      sum += weight;
    }
    if (block.drop.counters)
      drop(i, seen);
    store(maximum + i, best);
    store(total + i, sum);
    float factors[width];
    store(factors, factor);
    for (int64_t row = i; row < least(i + width, block.queries); ++row)
      if (factors[row - i] != 1.0f)
        for (int64_t d = 0; d < sumStride; d += width) {
          float *at = sums + row * sumStride + d;
          store(at, load(at) * splat(factors[row - i]));
        }
  }

  /// Drops weights of a vector of queries, whose sums have all of them.
  void drop(int64_t i, Range seen) {
    float kept[width * keysPerBlock], keptT[keysPerBlock * width];
    float words[keysPerBlock + 128];
    int64_t count = seen.end - seen.begin;
    int64_t queries = least(width, block.queries - i);
    for (int64_t row = 0; row < queries; ++row) {
      const float *from =
          keepRow(block.drop.counters[i + row] + key + seen.begin, count,
                  block.drop, words);
      for (int64_t j = 0; j < count; ++j)
        kept[row * keysPerBlock + j] = from[j];
    }
    transpose(kept, keysPerBlock, queries, count, keptT, width);
    for (int64_t j = 0; j < count; ++j) {
      float *at = scores + (seen.begin + j) * queriesPerBlock + i;
      Vec factor = load(keptT + j * width), zero = splat(0.0f);
      store(at, select(factor == zero, zero, load(at) * factor));
    }
  }

  void addValues() {
    const float *values = block.v + key * block.vStride;
    int64_t whole = block.valueDim / width * width;
    // The last columns of values, padded to a vector.
    float tail[keysPerBlock * width];
    if (whole < block.valueDim)
      for (int64_t j = 0; j < keyCount; ++j)
        for (int64_t d = 0; d < width; ++d)
          tail[j * width + d] = whole + d < block.valueDim
                                    ? values[j * block.vStride + whole + d]
                                    : 0.0f;
    for (int64_t i = 0; i < block.queries; i += strip) {
      Range seen = keysOf(i);
      if (seen.begin >= seen.end)
        continue;
      int64_t rows = least(strip, block.queries - i);
      const float *weights = scores + seen.begin * queriesPerBlock + i;
      multiply<true, Left::Depth>(
          rows, whole, seen.end - seen.begin, weights, queriesPerBlock,
          values + seen.begin * block.vStride, block.vStride,
          sums + i * sumStride, sumStride);
      if (whole < block.valueDim)
        multiply<true, Left::Depth>(rows, width, seen.end - seen.begin, weights,
                                    queriesPerBlock, tail + seen.begin * width,
                                    width, sums + i * sumStride + whole,
                                    sumStride);
    }
  }

  const AttentionBlock &block;
  int64_t padded, sumStride; // queries and values to whole vectors
  float *scores, *queriesT, *sums, *maximum, *total;
  int64_t key = 0, keyCount = 0; // the block at hand
};

} // namespace

void attentionBlock(const AttentionBlock &block) { BlockRun(block).run(); }

} // namespace vescale::runtime::VESCALE_ISA
