// Sizes of packed weights and scratch; depends on nothing, so that the
// compiler can link it alone.
#include "runtime/kernels/sizes.h"

#include "runtime/kernels/Blocking.h"

using namespace vescale::runtime;

int64_t vs_packed_bytes(int64_t k, int64_t n, int32_t dtype) {
  if (dtype == VS_F32)
    return roundUp(k, packedRowsF32) * roundUp(n, panelColumns) * 4;
  if (dtype == VS_BF16)
    return roundUp(k, packedRowsBF16) * roundUp(n, panelColumns) * 2;
  return -1;
}

int64_t vs_gemm_scratch_bytes(const vs_gemm *gemm, int32_t threads) {
  bool isF32 = gemm->dtype == VS_F32 && gemm->result_dtype == VS_F32;
  int64_t each = !isF32 ? gemmCopyScratch
                 : gemm->b_packed
                     ? gemmPlainScratch
                     : gemmBlockScratch + gemmTreeScratch(gemm->leaves);
  // No more threads than there could be boxes of one panel.
  int64_t boxes = gemm->batch[0] * gemm->batch[1] * ((gemm->m + 127) / 128) *
                  ((gemm->n + 63) / 64);
  return each * std::max<int64_t>(1, std::min<int64_t>(threads, boxes));
}

int64_t vs_attention_scratch_bytes(const vs_attention *attention,
                                   int32_t threads) {
  int64_t queryBlocks =
      (attention->queries + attentionQueries - 1) / attentionQueries;
  int64_t blocks = attention->batch * attention->heads * queryBlocks;
  int64_t perThread = roundUp(
      attentionScratchFloats(attention->head_dim, attention->value_dim) * 4,
      64);
  return perThread * std::max<int64_t>(1, std::min<int64_t>(threads, blocks));
}

int64_t vs_attention_grad_scratch_bytes(const vs_attention_grad *attention,
                                        int32_t threads) {
  int64_t perThread = roundUp(
      attentionGradScratchFloats(attention->head_dim, attention->value_dim) * 4,
      64);
  int64_t items = attention->batch * attention->kv_heads;
  return perThread * std::max<int64_t>(1, std::min<int64_t>(threads, items));
}

int64_t vs_scatter_add_scratch_bytes(const vs_scatter_add *scatter) {
  return scatter->leaves > 0 ? scatter->count * 8 : 0;
}

int64_t vs_conv_scratch_bytes(const vs_conv *conv, int32_t threads) {
  int64_t rows = conv->c / std::max<int64_t>(conv->groups, 1), positions = 1;
  for (int32_t dim = 0; dim < conv->spatial_dims; ++dim) {
    rows *= conv->window[dim];
    positions *= conv->out_size[dim];
  }
  return (roundUp(rows * convPositions(rows, positions) * 4, 64) +
          gemmBlockScratch) *
         threads;
}
