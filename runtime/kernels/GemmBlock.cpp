// One box of a matrix product of f32, in vectors of the instruction set it is
// compiled for (VESCALE_ISA: v3 or v4).
//
// For each chunk of 128 columns of C and each block of 384 of the depth:
//   1. have the block of B as panels of 64 columns: where it lies if it is a
//      packed weight or few rows of C read it, else as copies;
//   2. for each 96 rows of A, which then lie in the second cache, add to each
//      panel the product with the block, in tiles held in registers.
//
// With leaves, 1 and 2 make the sum of one leaf after the other. The sums of
// subtrees that are complete wait, one of a size, as the digits of a binary
// counter do, until the next leaf completes their parent.
//
// No header with inline functions is included but those of static ones: two
// builds of one inline function for different instruction sets must not meet in
// the linker.
#include "runtime/kernels/GemmBlock.h"
#include "runtime/kernels/Tiles.h"

namespace vescale::runtime::VESCALE_ISA {
namespace {

constexpr int64_t panel = 64, panels = 2, depthBlock = 384, rowBlock = 96;
/// Fewer rows do not pay for a copy of B.
constexpr int64_t copyRows = 16;

int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

class BlockRun {
public:
  explicit BlockRun(const GemmBlock &block) : block(block) {}

  void run() {
    if (block.depth == 0)
      for (int64_t i = 0; i < block.rows; ++i)
        for (int64_t j = 0; j < block.columns; ++j)
          block.c[i * block.ldc + j] = 0.0f;
    int64_t leaves = block.leaves ? block.leaves : 1;
    int64_t length = block.depth / leaves;
    while (int64_t(1) << levels < leaves)
      ++levels;
    for (column = 0; column < block.columns; column += panels * panel) {
      columns = least(panels * panel, block.columns - column);
      for (leaf = 0; leaf < leaves; ++leaf) {
        leafBegin = leaf * length;
        leafEnd = leafBegin + length;
        for (depth = leafBegin; depth < leafEnd; depth += depthBlock) {
          count = least(depthBlock, leafEnd - depth);
          addChunk();
        }
      }
    }
  }

private:
  /// A block of B with `columns` columns, filled up to whole vectors.
  struct Panel {
    const float *at;
    int64_t stride, columns;
  };

  /// Where sums of the chunk's columns lie.
  struct Sums {
    float *at;
    int64_t stride;
    float *row(int64_t i) const { return at + i * stride; }
  };

  /// The place of subtrees of 2^level leaves; the last two are C.
  Sums waiting(int64_t level) const {
    if (level >= levels - 1)
      return {block.c + column, block.ldc};
    constexpr int64_t stride = panels * panel;
    float *first = block.scratch + depthBlock * stride; // behind B's copies
    // One for a leaf that completes its parent, then those that wait.
    return {first + (level + 1) * block.rows * stride, stride};
  }

  void addChunk() {
    Panel chunk[panels];
    for (int64_t j = 0; j < columns; j += panel)
      chunk[j / panel] = panelAt(j);
    // A leaf that completes nothing waits where it is made.
    Sums sums = waiting(leaf % 2 ? -1 : 0);
    for (int64_t row = 0; row < block.rows; row += rowBlock)
      for (int64_t j = 0; j < columns; j += panel) {
        int64_t rows = least(rowBlock, block.rows - row);
        float *c = sums.row(row) + j;
        if (depth == leafBegin)
          addRows<false>(row, rows, chunk[j / panel], c, sums.stride);
        else
          addRows<true>(row, rows, chunk[j / panel], c, sums.stride);
        if (leaf % 2 && depth + count == leafEnd)
          complete(row, rows, j, chunk[j / panel].columns);
      }
  }

  /// Adds to the leaf's sum what waits for it, smallest first.
  void complete(int64_t row, int64_t rows, int64_t j, int64_t columns) {
    for (int64_t level = 0; leaf >> level & 1; ++level) {
      bool last = !(leaf >> (level + 1) & 1);
      Sums left = waiting(level), right = waiting(-1);
      Sums to = last ? waiting(level + 1) : right;
      for (int64_t i = row; i < row + rows; ++i) {
        const float *x = left.row(i) + j, *y = right.row(i) + j;
        float *sum = to.row(i) + j; // may be one of them
        int64_t k = 0;
        for (; k + width <= columns; k += width)
          store(sum + k, load(x + k) + load(y + k));
        for (; k < columns; ++k)
          sum[k] = x[k] + y[k];
      }
    }
  }

  Panel panelAt(int64_t j) {
    int64_t there = least(panel, columns - j);
    float *copy = block.scratch + j * depthBlock;
    if (block.transposeB) {
      transpose(block.b + (column + j) * block.ldb + depth, block.ldb, there,
                count, copy, panel);
      return {copy, panel, there};
    }
    const float *b = block.b + depth * block.ldb + column + j;
    bool isDense = block.ldb == panel || block.rows < copyRows;
    if (there % width == 0 && isDense)
      return {b, block.ldb, there};
    copyPanel(b, there, copy);
    return {copy, panel, there};
  }

  void copyPanel(const float *b, int64_t there, float *copy) {
    for (int64_t p = 0; p < count; ++p, b += block.ldb, copy += panel) {
      int64_t j = 0;
      for (; j + width <= there; j += width) {
        __builtin_prefetch(b + 8 * block.ldb + j); // rows lie pages apart
        store(copy + j, load(b + j));
      }
      for (; j % width || j < there; ++j)
        copy[j] = j < there ? b[j] : 0.0f;
    }
  }

  template <bool Accumulate>
  void addRows(int64_t row, int64_t rows, const Panel &b, float *c,
               int64_t ldc) {
    int64_t whole = b.columns / width * width;
    multiplyRows<Accumulate>(row, rows, whole, b.at, b.stride, c, ldc);
    if (whole == b.columns)
      return;
    // The last columns by way of a whole vector.
    alignas(64) float tail[rowBlock * width];
    int64_t last = b.columns - whole;
    if (Accumulate)
      for (int64_t i = 0; i < rows; ++i)
        for (int64_t j = 0; j < width; ++j)
          tail[i * width + j] = j < last ? c[i * ldc + whole + j] : 0.0f;
    multiplyRows<Accumulate>(row, rows, width, b.at + whole, b.stride, tail,
                             width);
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < last; ++j)
        c[i * ldc + whole + j] = tail[i * width + j];
  }

  template <bool Accumulate>
  void multiplyRows(int64_t row, int64_t rows, int64_t width, const float *b,
                    int64_t ldb, float *c, int64_t ldc) {
    if (block.transposeA)
      multiply<Accumulate, Left::Depth>(rows, width, count,
                                        block.a + depth * block.lda + row,
                                        block.lda, b, ldb, c, ldc);
    else
      multiply<Accumulate>(rows, width, count,
                           block.a + row * block.lda + depth, block.lda, b, ldb,
                           c, ldc);
  }

  const GemmBlock &block;
  // The chunk at hand: columns of C, and of the depth.
  int64_t column = 0, columns = 0, depth = 0, count = 0;
  // The leaf that it belongs to, and the height of the tree.
  int64_t leaf = 0, leafBegin = 0, leafEnd = 0, levels = 0;
};

} // namespace

void gemmBlock(const GemmBlock &block) { BlockRun(block).run(); }

} // namespace vescale::runtime::VESCALE_ISA
