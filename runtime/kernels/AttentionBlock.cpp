// Attention for one block of queries with online softmax, in vectors of the
// instruction set it is compiled for (VESCALE_ISA: v3 or v4).
//
// For each block of keys:
//   1. transpose the keys, so that scores are sums of vectors over keys;
//   2. in strips of 16 queries, for the keys that the strip sees: scores =
//      queries · keysᵀ, in tiles held in registers;
//   3. each row: scale, cap, mask; raise the running maximum, rescale what was
//      accumulated, exponentiate, sum; then drop what is to be dropped;
//   4. accumulator += weights · values.
// At the end each row is divided by its sum; a row without keys gives zeros.
//
// No header with inline functions is included: two builds of one inline
// function for different instruction sets must not meet in the linker.
#include "runtime/kernels/AttentionBlock.h"
#include "runtime/kernels/AttentionMask.h"
#include "runtime/kernels/Tiles.h"
#include "runtime/kernels/VectorPhilox.h"

namespace vescale::runtime::VESCALE_ISA {
namespace {

constexpr int keysPerBlock = 128;
constexpr int queriesPerBlock = 64;
constexpr int64_t strip = 16; // queries whose keys are cut together

int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

class BlockRun {
public:
  explicit BlockRun(const AttentionBlock &block)
      : block(block), scores(block.scratch),
        keysT(scores + queriesPerBlock * keysPerBlock),
        sums(keysT + block.headDim * keysPerBlock),
        sumStride((block.valueDim + 15) / 16 * 16),
        maximum(sums + queriesPerBlock * (sumStride ? sumStride : 16)),
        total(maximum + queriesPerBlock) {}

  void run() {
    for (int64_t i = 0; i < block.queries; ++i) {
      maximum[i] = -__builtin_inff();
      total[i] = 0.0f;
      for (int64_t d = 0; d < sumStride; d += width)
        store(sums + i * sumStride + d, splat(0.0f));
    }
    for (int64_t key = block.keyLo; key < block.keyHi; key += keysPerBlock) {
      int64_t left = block.keyHi - key;
      keyBlock(key, left < keysPerBlock ? left : keysPerBlock);
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
  void keyBlock(int64_t key, int64_t count) {
    transpose(block.k + key * block.kStride, block.kStride, count,
              block.headDim, keysT, keysPerBlock);
    const float *values = block.v + key * block.vStride;
    int64_t whole = block.valueDim / width * width;
    // The last columns of values, padded to a vector.
    float tail[keysPerBlock * width];
    if (whole < block.valueDim)
      for (int64_t j = 0; j < count; ++j)
        for (int64_t d = 0; d < width; ++d)
          tail[j * width + d] = whole + d < block.valueDim
                                    ? values[j * block.vStride + whole + d]
                                    : 0.0f;
    for (int64_t i = 0; i < block.queries; i += strip) {
      int64_t rows = least(strip, block.queries - i);
      // The keys that any of these rows sees, from a whole vector on.
      int64_t lo = visibleFrom(i, key) / width * width;
      int64_t hi = visibleTo(i + rows - 1, key, count);
      if (hi <= lo)
        continue;
      int64_t padded = (hi - lo + width - 1) / width * width;
      float *first = scores + i * keysPerBlock + lo;
      multiply<false>(rows, padded, block.headDim, block.q + i * block.qStride,
                      block.qStride, keysT + lo, keysPerBlock, first,
                      keysPerBlock);
      for (int64_t row = i; row < i + rows; ++row)
        softmaxRow(row, key, count, lo, lo + padded);
      multiply<true>(rows, whole, hi - lo, first, keysPerBlock,
                     values + lo * block.vStride, block.vStride,
                     sums + i * sumStride, sumStride);
      if (whole < block.valueDim)
        multiply<true>(rows, width, hi - lo, first, keysPerBlock,
                       tail + lo * width, width, sums + i * sumStride + whole,
                       sumStride);
    }
  }

  /// Keys [from, to) of the block are visible to row `i`.
  int64_t visibleFrom(int64_t i, int64_t key) const {
    int64_t first = i + block.diagonal - block.window + 1 - key;
    return block.window > 0 && first > 0 ? first : 0;
  }
  int64_t visibleTo(int64_t i, int64_t key, int64_t count) const {
    return block.causal ? least(count, i + block.diagonal - key + 1) : count;
  }

  /// Scores [begin, end) of row `i` to weights.
  void softmaxRow(int64_t i, int64_t key, int64_t count, int64_t begin,
                  int64_t end) {
    float *row = scores + i * keysPerBlock;
    float bias[keysPerBlock];
    if (block.mask)
      maskRow(block.maskKind, block.mask, block.maskQuery, block.maskKey, i,
              key, count, bias);
    for (int64_t j = count; j < end; ++j)
      bias[j] = 0.0f;
    Vec low = splat(static_cast<float>(visibleFrom(i, key))),
        high = splat(static_cast<float>(visibleTo(i, key, count)));
    Vec best = splat(maximum[i]), none = splat(-__builtin_inff());
    for (int64_t j = begin; j < end; j += width) {
      Vec score = load(row + j) * splat(block.scale);
      if (block.softcap > 0.0f)
        score =
            splat(block.softcap) * tanhVec(score * splat(1.0f / block.softcap));
      if (block.mask)
        score += load(bias + j);
      Vec index = splat(static_cast<float>(j)) + iota();
      score = select(index < high, score, none);
      score = select(index < low, none, score);
      store(row + j, score);
      best = select(best < score, score, best);
    }
    // Nothing seen yet: every weight below is exp(-inf) = 0.
    float raised = maximumOf(best);
    float top = raised == -__builtin_inff() ? 0.0f : raised;
    Vec sum = splat(0.0f), shift = splat(top);
    for (int64_t j = begin; j < end; j += width) {
      Vec weight = expVec(load(row + j) - shift);
      store(row + j, weight);
      sum += weight;
    }
    if (block.drop.counters)
      dropRow(i, key, begin, end);
    float factor = expScalar(maximum[i] - top);
    maximum[i] = raised;
    total[i] = total[i] * factor + sumOf(sum);
    if (factor != 1.0f)
      for (int64_t d = 0; d < sumStride; d += width)
        store(sums + i * sumStride + d,
              load(sums + i * sumStride + d) * splat(factor));
  }

  /// Drops weights [begin, end) of row `i`, which its sum has all of.
  void dropRow(int64_t i, int64_t key, int64_t begin, int64_t end) {
    float *row = scores + i * keysPerBlock;
    float kept[keysPerBlock + 128];
    const float *from = keepRow(block.drop.counters[i] + key + begin,
                                end - begin, block.drop, kept);
    for (int64_t j = begin; j < end; j += width) {
      Vec factor = load(from + j - begin);
      store(row + j,
            select(factor == splat(0.0f), splat(0.0f), load(row + j) * factor));
    }
  }

  const AttentionBlock &block;
  float *scores, *keysT, *sums;
  int64_t sumStride;
  float *maximum, *total;
};

} // namespace

void attentionBlock(const AttentionBlock &block) { BlockRun(block).run(); }

} // namespace vescale::runtime::VESCALE_ISA
