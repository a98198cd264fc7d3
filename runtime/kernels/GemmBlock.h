// One box of a matrix product of f32 without the library; built once for each
// instruction set (GemmBlock.cpp).
#ifndef VESCALE_RUNTIME_KERNELS_GEMMBLOCK_H
#define VESCALE_RUNTIME_KERNELS_GEMMBLOCK_H

#include <stdint.h>

namespace vescale::runtime {

/// C (rows × columns) = A · B. An element's sum is one chain of multiply-adds,
/// in the order of the depth, whatever the box and the instruction set; with
/// leaves, a power of two that divides the depth, a balanced tree over as many
/// chains of one length.
struct GemmBlock {
  const float *a, *b;
  float *c;
  int64_t lda, ldb, ldc;
  int64_t rows, columns, depth, leaves; // with leaves at most gemmTreeRows rows
  bool transposeA, transposeB; // A is stored depth × rows, B columns × depth
  // gemmBlockScratch + gemmTreeScratch(leaves) bytes, 64-byte aligned.
  float *scratch;
};

namespace v3 {
void gemmBlock(const GemmBlock &block);
}
namespace v4 {
void gemmBlock(const GemmBlock &block);
}

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_KERNELS_GEMMBLOCK_H
