// The layout of packed weights, and packing from a strided view.
#ifndef VESCALE_RUNTIME_KERNELS_PACK_H
#define VESCALE_RUNTIME_KERNELS_PACK_H

#include "runtime/kernels/Blocking.h"

namespace vescale::runtime {

/// Within a panel of 64 columns rows are dense, except that bf16 rows are
/// interleaved in pairs where oneDNN can use that on this machine.
bool packsPairs(vs_dtype dtype);

inline int64_t packedRows(int64_t k, vs_dtype dtype) {
  return roundUp(k, dtype == VS_F32 ? packedRowsF32 : packedRowsBF16);
}

/// Packs columns [0, validN) and rows [0, validK) of a matrix with the given
/// strides (in elements) as a k×n weight; the rest is zero.
void packWeight(vs_dtype dtype, int64_t k, int64_t n, int64_t validK,
                int64_t validN, const char *in, int64_t rowStride,
                int64_t columnStride, char *out);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_KERNELS_PACK_H
