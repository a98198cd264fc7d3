// Attention for one block of queries with online softmax, in vectors of the
// instruction set it is compiled for (VESCALE_ISA: v3 or v4).
//
// For each block of keys:
//   1. transpose the keys, so that scores are sums of vectors over keys;
//   2. scores = queries · keysᵀ, in tiles held in registers;
//   3. each row: scale, cap, mask; raise the running maximum, rescale what was
//      accumulated, exponentiate, sum;
//   4. accumulator += weights · values.
// At the end each row is divided by its sum; a row without keys gives zeros.
//
// No header with inline functions is included: two builds of one inline
// function for different instruction sets must not meet in the linker.
#include "runtime/kernels/AttentionBlock.h"
#include "runtime/kernels/VectorMath.h"

namespace vescale::runtime::VESCALE_ISA {
namespace {

constexpr int keysPerBlock = 128;
constexpr int queriesPerBlock = 64;

/// Transposes a width × width tile by swapping ever smaller blocks.
template <int Half> inline void swapBlocks(Vec *rows) {
  if constexpr (Half > 0) {
    for (int i = 0; i < width; ++i)
      if (!(i & Half)) {
        Vec a = rows[i], b = rows[i + Half];
        rows[i] = lowBlocks<Half>(a, b);
        rows[i + Half] = highBlocks<Half>(a, b);
      }
    swapBlocks<Half / 2>(rows);
  }
}

/// out[dim * keysPerBlock + key] = in[key * stride + dim]; missing keys are
/// zero.
void transposeKeys(const float *in, int64_t stride, int64_t keys, int64_t dims,
                   float *out) {
  int64_t key = 0;
  for (; key + width <= keys; key += width) {
    int64_t dim = 0;
    for (; dim + width <= dims; dim += width) {
      Vec rows[width];
      for (int i = 0; i < width; ++i)
        rows[i] = load(in + (key + i) * stride + dim);
      swapBlocks<width / 2>(rows);
      for (int i = 0; i < width; ++i)
        store(out + (dim + i) * keysPerBlock + key, rows[i]);
    }
    for (; dim < dims; ++dim)
      for (int i = 0; i < width; ++i)
        out[dim * keysPerBlock + key + i] = in[(key + i) * stride + dim];
  }
  int64_t end = (keys + width - 1) / width * width;
  for (; key < end; ++key)
    for (int64_t dim = 0; dim < dims; ++dim)
      out[dim * keysPerBlock + key] =
          key < keys ? in[key * stride + dim] : 0.0f;
}

/// C (Rows × Vectors·width) = or += A (Rows × depth) · B (depth × …).
template <int Rows, int Vectors, bool Accumulate>
inline void tile(int64_t depth, const float *a, int64_t lda, const float *b,
                 int64_t ldb, float *c, int64_t ldc) {
  Vec sum[Rows][Vectors];
  for (int i = 0; i < Rows; ++i)
    for (int j = 0; j < Vectors; ++j)
      sum[i][j] = Accumulate ? load(c + i * ldc + j * width) : splat(0.0f);
  for (int64_t p = 0; p < depth; ++p) {
    Vec row[Vectors];
    for (int j = 0; j < Vectors; ++j)
      row[j] = load(b + p * ldb + j * width);
    for (int i = 0; i < Rows; ++i) {
      Vec left = splat(a[i * lda + p]);
      for (int j = 0; j < Vectors; ++j)
        sum[i][j] += left * row[j];
    }
  }
  for (int i = 0; i < Rows; ++i)
    for (int j = 0; j < Vectors; ++j)
      store(c + i * ldc + j * width, sum[i][j]);
}

template <int Vectors, bool Accumulate>
void tileColumn(int64_t rows, int64_t depth, const float *a, int64_t lda,
                const float *b, int64_t ldb, float *c, int64_t ldc) {
  int64_t i = 0;
  for (; i + tileRows <= rows; i += tileRows)
    tile<tileRows, Vectors, Accumulate>(depth, a + i * lda, lda, b, ldb,
                                        c + i * ldc, ldc);
  for (; i + 2 <= rows; i += 2)
    tile<2, Vectors, Accumulate>(depth, a + i * lda, lda, b, ldb, c + i * ldc,
                                 ldc);
  if (i < rows)
    tile<1, Vectors, Accumulate>(depth, a + i * lda, lda, b, ldb, c + i * ldc,
                                 ldc);
}

/// `columns` is a multiple of the vector width.
template <bool Accumulate>
void multiply(int64_t rows, int64_t columns, int64_t depth, const float *a,
              int64_t lda, const float *b, int64_t ldb, float *c, int64_t ldc) {
  int64_t j = 0;
  for (; j + 2 * width <= columns; j += 2 * width)
    tileColumn<2, Accumulate>(rows, depth, a, lda, b + j, ldb, c + j, ldc);
  if (j < columns)
    tileColumn<1, Accumulate>(rows, depth, a, lda, b + j, ldb, c + j, ldc);
}

/// The mask's row as numbers to add.
void maskRow(const AttentionBlock &block, int64_t query, int64_t key,
             int64_t count, float *out) {
  int64_t at = query * block.maskQuery + key * block.maskKey;
  if (block.maskKind == 1) {
    const unsigned char *mask =
        static_cast<const unsigned char *>(block.mask) + at;
    for (int64_t j = 0; j < count; ++j)
      out[j] = mask[j * block.maskKey] ? 0.0f : -__builtin_inff();
  } else {
    const float *mask = static_cast<const float *>(block.mask) + at;
    for (int64_t j = 0; j < count; ++j)
      out[j] = mask[j * block.maskKey];
  }
}

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
    }
  }

private:
  void keyBlock(int64_t key, int64_t count) {
    int64_t padded = (count + width - 1) / width * width;
    transposeKeys(block.k + key * block.kStride, block.kStride, count,
                  block.headDim, keysT);
    multiply<false>(block.queries, padded, block.headDim, block.q,
                    block.qStride, keysT, keysPerBlock, scores, keysPerBlock);
    for (int64_t i = 0; i < block.queries; ++i)
      softmaxRow(i, key, count, padded);
    const float *values = block.v + key * block.vStride;
    int64_t whole = block.valueDim / width * width;
    multiply<true>(block.queries, whole, count, scores, keysPerBlock, values,
                   block.vStride, sums, sumStride);
    if (whole < block.valueDim) {
      // The last columns, padded to a vector; keysT is free by now.
      float tail[keysPerBlock * width];
      for (int64_t j = 0; j < count; ++j)
        for (int64_t d = 0; d < width; ++d)
          tail[j * width + d] = whole + d < block.valueDim
                                    ? values[j * block.vStride + whole + d]
                                    : 0.0f;
      multiply<true>(block.queries, width, count, scores, keysPerBlock, tail,
                     width, sums + whole, sumStride);
    }
  }

  void softmaxRow(int64_t i, int64_t key, int64_t count, int64_t padded) {
    float *row = scores + i * keysPerBlock;
    float bias[keysPerBlock];
    if (block.mask)
      maskRow(block, i, key, count, bias);
    for (int64_t j = count; j < padded; ++j)
      bias[j] = 0.0f;
    // Keys [lo, hi) of this block are visible to the row.
    int64_t lo = 0, hi = count;
    if (block.causal) {
      int64_t last = i + block.diagonal - key;
      hi = last + 1 < hi ? last + 1 : hi;
    }
    if (block.window > 0) {
      int64_t first = i + block.diagonal - block.window + 1 - key;
      lo = first > lo ? first : lo;
    }
    Vec low = splat(static_cast<float>(lo)),
        high = splat(static_cast<float>(hi));
    Vec best = splat(maximum[i]), none = splat(-__builtin_inff());
    for (int64_t j = 0; j < padded; j += width) {
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
    for (int64_t j = 0; j < padded; j += width) {
      Vec weight = expVec(load(row + j) - shift);
      store(row + j, weight);
      sum += weight;
    }
    float factor = expScalar(maximum[i] - top);
    maximum[i] = raised;
    total[i] = total[i] * factor + sumOf(sum);
    if (factor != 1.0f)
      for (int64_t d = 0; d < sumStride; d += width)
        store(sums + i * sumStride + d,
              load(sums + i * sumStride + d) * splat(factor));
  }

  const AttentionBlock &block;
  float *scores, *keysT, *sums;
  int64_t sumStride;
  float *maximum, *total;
};

} // namespace

void attentionBlock(const AttentionBlock &block) { BlockRun(block).run(); }

} // namespace vescale::runtime::VESCALE_ISA
