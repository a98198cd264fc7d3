// Gradients of attention for one key head and the query heads that read it;
// built once for each instruction set (AttentionGradBlock.cpp).
#ifndef VESCALE_RUNTIME_KERNELS_ATTENTIONGRADBLOCK_H
#define VESCALE_RUNTIME_KERNELS_ATTENTIONGRADBLOCK_H

#include "runtime/kernels/AttentionDrop.h"

namespace vescale::runtime {

/// Rows of one head after the other; strides in elements.
template <typename T> struct HeadRows {
  T *at;
  int64_t head, row;
};

struct AttentionGradBlock {
  HeadRows<const float> q, outGrad; // of the group's first head
  HeadRows<float> qGrad;
  HeadRows<const float> k, v; // of the one key head
  HeadRows<float> kGrad, vGrad;
  const float *lse, *delta; // heads × queries
  const void *mask;         // of the first head, query and key; null: none
  int64_t maskHead, maskQuery, maskKey;
  int maskKind; // vs_mask_kind
  int64_t heads, queries, keys, headDim, valueDim;
  bool causal;
  int64_t diagonal, window; // query i sees keys j ≤ i + diagonal
  float scale, softcap;
  AttentionDrop drop; // rows are numbered as those of lse
  float *scratch;     // attentionGradScratchFloats, 64-byte aligned
};

namespace v3 {
void attentionGradBlock(const AttentionGradBlock &block);
}
namespace v4 {
void attentionGradBlock(const AttentionGradBlock &block);
}

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_KERNELS_ATTENTIONGRADBLOCK_H
