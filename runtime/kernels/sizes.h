/* How many bytes the library calls of a compiled program need: pure functions
 * that the compiler calls when it lays out the arena and that the runtime's
 * kernels keep to. `threads` is the largest number of threads that a call shall
 * be able to use; with less scratch than that it runs on fewer. */
#ifndef VESCALE_RUNTIME_KERNELS_SIZES_H
#define VESCALE_RUNTIME_KERNELS_SIZES_H

#include "runtime/core/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* For callers that have no better number. */
#define VS_DEFAULT_SCRATCH_THREADS 32

/* Bytes of a packed k×n weight (f32 or bf16): panels of 64 columns, each k
 * rows, padded with zeros. -1 for a type that can't be packed. */
int64_t vs_packed_bytes(int64_t k, int64_t n, int32_t dtype);

int64_t vs_gemm_scratch_bytes(const vs_gemm *gemm, int32_t threads);
int64_t vs_attention_scratch_bytes(const vs_attention *attention,
                                   int32_t threads);
int64_t vs_attention_grad_scratch_bytes(const vs_attention_grad *attention,
                                        int32_t threads);
/* 0 without leaves. */
int64_t vs_scatter_add_scratch_bytes(const vs_scatter_add *scatter);
int64_t vs_conv_scratch_bytes(const vs_conv *conv, int32_t threads);

#ifdef __cplusplus
}
#endif
#endif /* VESCALE_RUNTIME_KERNELS_SIZES_H */
