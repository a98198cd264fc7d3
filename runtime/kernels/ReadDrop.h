// What a call of attention drops, from its payload.
#ifndef VESCALE_RUNTIME_KERNELS_READDROP_H
#define VESCALE_RUNTIME_KERNELS_READDROP_H

#include "runtime/kernels/AttentionDrop.h"
#include "runtime/kernels/Step.h"

namespace vescale::runtime {

/// The counters are those of the first query of the first head.
inline AttentionDrop readDrop(const vs_drop &drop, const Addresses &addresses) {
  AttentionDrop result = {};
  if (drop.scale == 0)
    return result;
  result.counters =
      reinterpret_cast<const int64_t *>(addresses.at(drop.counters));
  result.step = reinterpret_cast<const int64_t *>(addresses.at(drop.step));
  result.seed = static_cast<uint64_t>(drop.seed);
  result.site = drop.site;
  result.threshold = drop.threshold;
  result.scale = drop.scale;
  return result;
}

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_KERNELS_READDROP_H
