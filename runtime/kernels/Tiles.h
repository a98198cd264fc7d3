// Transposition and matrix products of tiles held in registers, for the files
// that are built once for each instruction set. Everything is static, so that
// builds for different sets can't be mixed up.
#ifndef VESCALE_RUNTIME_KERNELS_TILES_H
#define VESCALE_RUNTIME_KERNELS_TILES_H

#include "runtime/kernels/VectorMath.h"

namespace {

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

/// out[column * outStride + row] = in[row * stride + column]; rows are filled
/// up with zeros to a whole vector.
inline void transpose(const float *in, int64_t stride, int64_t rows,
                      int64_t columns, float *out, int64_t outStride) {
  int64_t row = 0;
  for (; row + width <= rows; row += width) {
    int64_t column = 0;
    for (; column + width <= columns; column += width) {
      Vec tile[width];
      for (int i = 0; i < width; ++i)
        tile[i] = load(in + (row + i) * stride + column);
      swapBlocks<width / 2>(tile);
      for (int i = 0; i < width; ++i)
        store(out + (column + i) * outStride + row, tile[i]);
    }
    for (; column < columns; ++column)
      for (int i = 0; i < width; ++i)
        out[column * outStride + row + i] = in[(row + i) * stride + column];
  }
  int64_t end = (rows + width - 1) / width * width;
  for (; row < end; ++row)
    for (int64_t column = 0; column < columns; ++column)
      out[column * outStride + row] =
          row < rows ? in[row * stride + column] : 0.0f;
}

/// A tile of a product: so many rows × vectors fill the registers.
constexpr int tileRows = 6, tileVectors = width == 16 ? 4 : 2;

/// How the left operand of a product lies: rows × depth or depth × rows.
enum class Left { Rows, Depth };

/// C (Rows × Vectors·width) = or += A (Rows × depth) · B (depth × …). Each
/// element is one chain of multiply-adds in the order of the depth.
template <int Rows, int Vectors, bool Accumulate, Left A>
inline void tile(int64_t depth, const float *a, int64_t lda, const float *b,
                 int64_t ldb, float *c, int64_t ldc) {
  Vec sum[Rows][Vectors];
  for (int i = 0; i < Rows; ++i)
    for (int j = 0; j < Vectors; ++j)
      sum[i][j] = Accumulate ? load(c + i * ldc + j * width) : splat(0.0f);
  // What the next tile reads and adds to.
  for (int i = 0; i < Rows; ++i)
    for (int j = 0; j < Vectors; ++j)
      __builtin_prefetch(c + (i + Rows) * ldc + j * width, 1);
  for (int64_t p = 0; p < depth; ++p) {
    if (A == Left::Depth)
      __builtin_prefetch(a + (p + 8) * lda + 16);
    else if (p % 16 == 0)
      for (int i = 0; i < Rows; ++i)
        __builtin_prefetch(a + (i + Rows) * lda + p);
    Vec row[Vectors];
    for (int j = 0; j < Vectors; ++j)
      row[j] = load(b + p * ldb + j * width);
    for (int i = 0; i < Rows; ++i) {
      Vec left = splat(A == Left::Rows ? a[i * lda + p] : a[p * lda + i]);
      for (int j = 0; j < Vectors; ++j)
        sum[i][j] += left * row[j];
    }
  }
  for (int i = 0; i < Rows; ++i)
    for (int j = 0; j < Vectors; ++j)
      store(c + i * ldc + j * width, sum[i][j]);
}

/// A tile of `rows`, at most `Rows`.
template <int Rows, int Vectors, bool Accumulate, Left A>
inline void lastTile(int64_t rows, int64_t depth, const float *a, int64_t lda,
                     const float *b, int64_t ldb, float *c, int64_t ldc) {
  if constexpr (Rows > 0) {
    if (rows == Rows)
      tile<Rows, Vectors, Accumulate, A>(depth, a, lda, b, ldb, c, ldc);
    else
      lastTile<Rows - 1, Vectors, Accumulate, A>(rows, depth, a, lda, b, ldb, c,
                                                 ldc);
  }
}

template <int Vectors, bool Accumulate, Left A>
inline void tileColumn(int64_t rows, int64_t depth, const float *a, int64_t lda,
                       const float *b, int64_t ldb, float *c, int64_t ldc) {
  int64_t next = A == Left::Rows ? lda : 1; // from row to row
  int64_t i = 0;
  for (; i + tileRows <= rows; i += tileRows)
    tile<tileRows, Vectors, Accumulate, A>(depth, a + i * next, lda, b, ldb,
                                           c + i * ldc, ldc);
  lastTile<tileRows - 1, Vectors, Accumulate, A>(rows - i, depth, a + i * next,
                                                 lda, b, ldb, c + i * ldc, ldc);
}

/// `columns` is a multiple of the vector width.
template <bool Accumulate, Left A = Left::Rows>
inline void multiply(int64_t rows, int64_t columns, int64_t depth,
                     const float *a, int64_t lda, const float *b, int64_t ldb,
                     float *c, int64_t ldc) {
  int64_t j = 0;
  for (; j + tileVectors * width <= columns; j += tileVectors * width)
    tileColumn<tileVectors, Accumulate, A>(rows, depth, a, lda, b + j, ldb,
                                           c + j, ldc);
  for (; j + 2 * width <= columns; j += 2 * width)
    tileColumn<2, Accumulate, A>(rows, depth, a, lda, b + j, ldb, c + j, ldc);
  if (j < columns)
    tileColumn<1, Accumulate, A>(rows, depth, a, lda, b + j, ldb, c + j, ldc);
}

} // namespace

#endif // VESCALE_RUNTIME_KERNELS_TILES_H
