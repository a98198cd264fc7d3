// The block sizes that the kernels and their scratch sizes agree on.
#ifndef VESCALE_RUNTIME_KERNELS_BLOCKING_H
#define VESCALE_RUNTIME_KERNELS_BLOCKING_H

#include "runtime/core/abi.h"

#include <algorithm>

namespace vescale::runtime {

constexpr int64_t roundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// Packed weights: 64 columns a panel; rows padded to oneDNN's inner block.
constexpr int64_t panelColumns = 64;
constexpr int64_t packedRowsF32 = 16;
constexpr int64_t packedRowsBF16 = 32;

// The largest box of C that is one oneDNN call, and its scratch: the box
// itself, and what oneDNN asks for, which is 640 bytes where neither operand is
// copied and below half a MiB where one is.
constexpr int64_t gemmMaxRows = 192;
constexpr int64_t gemmMaxColumns = 256;
constexpr int64_t gemmPlainScratch = gemmMaxRows * gemmMaxColumns * 4 + 4096;
constexpr int64_t gemmCopyScratch = gemmPlainScratch + (int64_t(512) << 10);

// A box without oneDNN: at most so large, and a copy of a block of B, 384 of
// the depth by 128 columns. The last boxes are cut, to no fewer rows than a
// copy pays for.
constexpr int64_t gemmBlockRows = 1024, gemmBlockColumns = 128;
constexpr int64_t gemmLastRows = 96;
constexpr int64_t gemmBlockScratch = 384 * gemmBlockColumns * 4;

// Where sums are trees over leaves: fewer rows, and room for the box's sum of a
// leaf and of each subtree that waits for its sibling, but the largest.
constexpr int64_t gemmTreeRows = 384;

constexpr int64_t gemmTreeScratch(int64_t leaves) {
  int64_t levels = 0;
  while (int64_t(1) << levels < leaves)
    ++levels;
  return levels * gemmTreeRows * gemmBlockColumns * 4;
}

// Attention: queries and keys of one block of scores.
constexpr int64_t attentionQueries = 64;
constexpr int64_t attentionKeys = 128;

/// Floats of scratch a thread needs: the block of scores, the transposed
/// queries, the accumulators, and two values a query.
constexpr int64_t attentionScratchFloats(int64_t headDim, int64_t valueDim) {
  return attentionQueries * (attentionKeys + headDim +
                             roundUp(std::max<int64_t>(valueDim, 1), 16) + 2);
}

// Its gradient: queries and keys of one block of scores.
constexpr int64_t attentionGradQueries = 64;
constexpr int64_t attentionGradKeys = 128;

/// Floats of scratch a thread needs: of keys their rows, transposed ones and
/// gradients; of values transposed ones and gradients; of queries rows and
/// gradients, and the rows of the result's gradient; scores and their gradient.
constexpr int64_t attentionGradScratchFloats(int64_t headDim,
                                             int64_t valueDim) {
  int64_t features = roundUp(headDim, 16), outputs = roundUp(valueDim, 16);
  return attentionGradKeys * (3 * features + 2 * outputs) +
         attentionGradQueries * (2 * features + outputs) +
         2 * attentionGradQueries * attentionGradKeys;
}

// Convolution: output positions in one block of columns.
constexpr int64_t convBlockBytes = int64_t(1) << 20;

/// As many positions as keep `rows` × positions floats within convBlockBytes,
/// a multiple of 64, at most what there is.
constexpr int64_t convPositions(int64_t rows, int64_t positions) {
  int64_t fit = convBlockBytes / 4 / std::max<int64_t>(rows, 1) / 64 * 64;
  return std::min(std::max<int64_t>(fit, 64), roundUp(positions, 64));
}

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_KERNELS_BLOCKING_H
