// What attention and its gradient drop of the weights of a block of queries.
#ifndef VESCALE_RUNTIME_KERNELS_ATTENTIONDROP_H
#define VESCALE_RUNTIME_KERNELS_ATTENTIONDROP_H

#include <stdint.h>

namespace vescale::runtime {

struct AttentionDrop {
  const int64_t *counters; // of the first query; null: nothing is dropped
  const int64_t *step;
  uint64_t seed;
  uint32_t site, threshold;
  float scale; // of what is kept
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_KERNELS_ATTENTIONDROP_H
