// Attention's mask, for the files that are built once for each instruction set.
// Everything is static, so that builds for different sets can't be mixed up.
#ifndef VESCALE_RUNTIME_KERNELS_ATTENTIONMASK_H
#define VESCALE_RUNTIME_KERNELS_ATTENTIONMASK_H

#include "runtime/kernels/VectorMath.h"

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

/// What the mask adds to the scores of `key` with queries [query, query +
/// width), those below `queries` of them.
inline Vec maskColumn(int kind, const void *mask, int64_t queryStride,
                      int64_t keyStride, int64_t query, int64_t queries,
                      int64_t key) {
  int64_t at = query * queryStride + key * keyStride;
  auto number = [&](int64_t i) {
    int64_t place = at + i * queryStride;
    if (kind == 1)
      return static_cast<const unsigned char *>(mask)[place]
                 ? 0.0f
                 : -__builtin_inff();
    return static_cast<const float *>(mask)[place];
  };
  if (queryStride == 0)
    return splat(number(0));
  float numbers[width];
  for (int64_t i = 0; i < width; ++i)
    numbers[i] = query + i < queries ? number(i) : 0.0f;
  return load(numbers);
}

} // namespace

#endif // VESCALE_RUNTIME_KERNELS_ATTENTIONMASK_H
