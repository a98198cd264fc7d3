// One box of a matrix product of f32, in vectors of the instruction set it is
// compiled for (VESCALE_ISA: v3 or v4).
//
// For each panel of 64 columns of C and each block of 128 of the depth:
//   1. have the block of B as rows of the panel: where it lies if it is a
//      packed weight or few rows of C read it, else as a copy;
//   2. add to the panel the product of A's rows and this block, in tiles held
//      in registers. A transposed A is copied 64 rows at a time.
// Few rows against a transposed B, where both lie along the depth, are products
// of rows instead: nothing is copied.
//
// No header with inline functions is included but those of static ones: two
// builds of one inline function for different instruction sets must not meet in
// the linker.
#include "runtime/kernels/GemmBlock.h"
#include "runtime/kernels/Tiles.h"

namespace vescale::runtime::VESCALE_ISA {
namespace {

constexpr int64_t panel = 64, depthBlock = 128, rowBlock = 64;
/// Fewer rows do not pay for a copy of B.
constexpr int64_t copyRows = 16, transposeRows = 8;

int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/// `Rows` rows of A with `columns`, at most `width`, rows of B.
template <int Rows>
void dotRows(const float *a, int64_t lda, const float *b, int64_t ldb,
             int64_t columns, int64_t depth, float *c, int64_t ldc) {
  constexpr int group = 4;
  Vec sums[Rows][width];
  int64_t whole = depth / width * width;
  for (int64_t j = 0; j < width; j += group) {
    Vec sum[Rows][group] = {};
    const float *columnsOf[group];
    for (int g = 0; g < group; ++g) // past the end the last one again
      columnsOf[g] = b + least(j + g, columns - 1) * ldb;
    for (int64_t p = 0; p < whole; p += width)
      for (int g = 0; g < group; ++g) {
        Vec right = load(columnsOf[g] + p);
        for (int i = 0; i < Rows; ++i)
          sum[i][g] += load(a + i * lda + p) * right;
      }
    for (int i = 0; i < Rows; ++i)
      for (int g = 0; g < group; ++g) {
        for (int64_t p = whole; p < depth; ++p)
          sum[i][g][0] += a[i * lda + p] * columnsOf[g][p];
        sums[i][j + g] = sum[i][g];
      }
  }
  for (int i = 0; i < Rows; ++i) {
    swapBlocks<width / 2>(sums[i]);
    for (int half = width / 2; half > 0; half /= 2)
      for (int k = 0; k < half; ++k)
        sums[i][k] += sums[i][k + half];
    for (int64_t j = 0; j < columns; ++j)
      c[i * ldc + j] = sums[i][0][j];
  }
}

class BlockRun {
public:
  explicit BlockRun(const GemmBlock &block)
      : block(block), copyB(block.scratch), copyA(copyB + depthBlock * panel) {}

  void run() {
    if (block.depth == 0)
      for (int64_t i = 0; i < block.rows; ++i)
        for (int64_t j = 0; j < block.columns; ++j)
          block.c[i * block.ldc + j] = 0.0f;
    if (block.transposeB && !block.transposeA && block.rows < transposeRows)
      return dotAll();
    for (int64_t column = 0; column < block.columns; column += panel)
      for (int64_t depth = 0; depth < block.depth; depth += depthBlock)
        addPanel(column, least(panel, block.columns - column), depth,
                 least(depthBlock, block.depth - depth));
  }

private:
  void dotAll() {
    constexpr int together = tileRows / 2;
    for (int64_t column = 0; column < block.columns; column += width) {
      const float *b = block.b + column * block.ldb;
      int64_t columns = least(width, block.columns - column), row = 0;
      auto dots = [&](auto kernel) {
        kernel(block.a + row * block.lda, block.lda, b, block.ldb, columns,
               block.depth, block.c + row * block.ldc + column, block.ldc);
      };
      for (; row + together <= block.rows; row += together)
        dots(dotRows<together>);
      for (; row < block.rows; ++row)
        dots(dotRows<1>);
    }
  }

  void addPanel(int64_t column, int64_t columns, int64_t depth, int64_t count) {
    int64_t padded = (columns + width - 1) / width * width;
    const float *b = copyB;
    int64_t ldb = panel;
    if (block.transposeB) {
      transpose(block.b + column * block.ldb + depth, block.ldb, columns, count,
                copyB, panel);
    } else {
      b = block.b + depth * block.ldb + column;
      ldb = block.ldb;
      if (padded != columns || (ldb != panel && block.rows >= copyRows)) {
        copyPanel(b, columns, padded, count);
        b = copyB;
        ldb = panel;
      }
    }
    for (int64_t row = 0; row < block.rows; row += rowBlock) {
      int64_t rows = least(rowBlock, block.rows - row);
      const float *a = block.a + row * block.lda + depth;
      int64_t lda = block.lda;
      if (block.transposeA) {
        transpose(block.a + depth * block.lda + row, block.lda, count, rows,
                  copyA, depthBlock);
        a = copyA;
        lda = depthBlock;
      }
      float *c = block.c + row * block.ldc + column;
      if (depth == 0)
        addRows<false>(rows, columns, padded, count, a, lda, b, ldb, c);
      else
        addRows<true>(rows, columns, padded, count, a, lda, b, ldb, c);
    }
  }

  void copyPanel(const float *b, int64_t columns, int64_t padded,
                 int64_t count) {
    for (int64_t p = 0; p < count; ++p) {
      for (int64_t j = 0; j < columns; ++j)
        copyB[p * panel + j] = b[p * block.ldb + j];
      for (int64_t j = columns; j < padded; ++j)
        copyB[p * panel + j] = 0.0f;
    }
  }

  template <bool Accumulate>
  void addRows(int64_t rows, int64_t columns, int64_t padded, int64_t count,
               const float *a, int64_t lda, const float *b, int64_t ldb,
               float *c) {
    int64_t whole = columns / width * width;
    // The block of B stays in the first cache while A's rows go by.
    for (int64_t i = 0; i < rows; i += tileRows)
      multiply<Accumulate>(least(tileRows, rows - i), whole, count, a + i * lda,
                           lda, b, ldb, c + i * block.ldc, block.ldc);
    if (whole == padded)
      return;
    // The last columns by way of a whole vector.
    alignas(64) float tail[rowBlock * width];
    if (Accumulate)
      for (int64_t i = 0; i < rows; ++i)
        for (int64_t j = whole; j < padded; ++j)
          tail[i * width + j - whole] =
              j < columns ? c[i * block.ldc + j] : 0.0f;
    multiply<Accumulate>(rows, width, count, a, lda, b + whole, ldb, tail,
                         width);
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = whole; j < columns; ++j)
        c[i * block.ldc + j] = tail[i * width + j - whole];
  }

  const GemmBlock &block;
  float *copyB, *copyA;
};

} // namespace

void gemmBlock(const GemmBlock &block) { BlockRun(block).run(); }

} // namespace vescale::runtime::VESCALE_ISA
