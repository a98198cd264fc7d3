// Attention's mask, for the files that are built once for each instruction set.
// Everything is static, so that builds for different sets can't be mixed up.
#ifndef VESCALE_RUNTIME_KERNELS_ATTENTIONMASK_H
#define VESCALE_RUNTIME_KERNELS_ATTENTIONMASK_H

#include <stdint.h>

namespace {

/// The mask's row of `query` from `key` on as numbers to add; `kind` is a
/// vs_mask_kind, strides are in elements.
inline void maskRow(int kind, const void *mask, int64_t queryStride,
                    int64_t keyStride, int64_t query, int64_t key,
                    int64_t count, float *out) {
  int64_t at = query * queryStride + key * keyStride;
  if (kind == 1) {
    const unsigned char *truths = static_cast<const unsigned char *>(mask) + at;
    for (int64_t j = 0; j < count; ++j)
      out[j] = truths[j * keyStride] ? 0.0f : -__builtin_inff();
  } else {
    const float *numbers = static_cast<const float *>(mask) + at;
    for (int64_t j = 0; j < count; ++j)
      out[j] = numbers[j * keyStride];
  }
}

} // namespace

#endif // VESCALE_RUNTIME_KERNELS_ATTENTIONMASK_H
