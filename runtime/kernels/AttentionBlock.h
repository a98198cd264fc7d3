// Attention for one block of queries of one head; built once for each
// instruction set (AttentionBlock.cpp).
#ifndef VESCALE_RUNTIME_KERNELS_ATTENTIONBLOCK_H
#define VESCALE_RUNTIME_KERNELS_ATTENTIONBLOCK_H

#include "runtime/kernels/AttentionDrop.h"

namespace vescale::runtime {

struct AttentionBlock {
  const float *q, *k, *v; // first query of the block; first key and value
  float *out;
  float *lse;       // of the first query; null: not wanted
  const void *mask; // of the first query and key; null: none
  int64_t qStride, kStride, vStride, outStride, maskQuery, maskKey;
  int64_t queries, keys, headDim, valueDim;
  int64_t keyLo, keyHi; // keys that any query of the block sees
  bool causal;
  int64_t diagonal, window; // query i sees keys j ≤ i + diagonal
  int maskKind;             // vs_mask_kind
  float scale, softcap;
  AttentionDrop drop;
  float *scratch; // attentionScratchFloats, 64-byte aligned
};

namespace v3 {
void attentionBlock(const AttentionBlock &block);
}
namespace v4 {
void attentionBlock(const AttentionBlock &block);
}

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_KERNELS_ATTENTIONBLOCK_H
