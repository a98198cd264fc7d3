// Element-wise reduction of several buffers in a fixed order.
#ifndef VESCALE_RUNTIME_TRANSPORT_REDUCE_H
#define VESCALE_RUNTIME_TRANSPORT_REDUCE_H

#include "runtime/core/abi.h"

namespace vescale::runtime {

/// out[i] = in[0][i] ∘ in[1][i] ∘ … as a tree over the members in order: the
/// left half of n is the largest power of two below n, as in ((0 ∘ 1) ∘ (2 ∘
/// 3)) ∘ 4. So sums of sums over neighbouring members are nodes of it. f16 and
/// bf16 are summed in f32 and rounded once. A bool sum is "any". NaN wins a
/// maximum or minimum. `out` may be one of the inputs.
void reduce(vs_dtype dtype, vs_reduction reduction, const char *const *in,
            int members, char *out, int64_t count);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_TRANSPORT_REDUCE_H
