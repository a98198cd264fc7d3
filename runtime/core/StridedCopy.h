// Copies between a block of a strided tensor and a dense local buffer.
#ifndef VESCALE_RUNTIME_CORE_STRIDEDCOPY_H
#define VESCALE_RUNTIME_CORE_STRIDEDCOPY_H

#include <cstdint>
#include <vector>

namespace vescale::runtime {

/// Row-major strides of a dense tensor.
std::vector<int64_t> denseStrides(const std::vector<int64_t> &shape);

/// Copies `valid` elements of the tensor at `from` to the front, along each
/// dimension, of a dense buffer of `local` elements; the rest becomes zero.
void gatherStrided(const char *from, const std::vector<int64_t> &strides,
                   const std::vector<int64_t> &valid,
                   const std::vector<int64_t> &local, int64_t elementBytes,
                   char *to);

/// The way back: only the valid elements are written.
void scatterStrided(const char *from, const std::vector<int64_t> &local,
                    const std::vector<int64_t> &valid,
                    const std::vector<int64_t> &strides, int64_t elementBytes,
                    char *to);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CORE_STRIDEDCOPY_H
