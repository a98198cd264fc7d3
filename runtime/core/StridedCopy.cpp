// Strided copies of host tensors.
#include "runtime/core/StridedCopy.h"

#include <algorithm>
#include <cstring>

namespace vescale::runtime {

std::vector<int64_t> denseStrides(const std::vector<int64_t> &shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t dim = shape.size(); dim-- > 1;)
    strides[dim - 1] = strides[dim] * std::max<int64_t>(shape[dim], 1);
  return strides;
}

/// Copies `sizes` elements from one strided tensor to another.
static void copyBox(const char *from, const std::vector<int64_t> &fromStrides,
                    char *to, const std::vector<int64_t> &toStrides,
                    const std::vector<int64_t> &sizes, int64_t bytes) {
  for (int64_t size : sizes)
    if (size == 0)
      return;
  if (sizes.empty()) {
    std::memcpy(to, from, bytes);
    return;
  }
  size_t inner = sizes.size() - 1;
  std::vector<int64_t> index(sizes.size(), 0);
  int64_t fromAt = 0, toAt = 0;
  while (true) {
    const char *source = from + fromAt * bytes;
    char *target = to + toAt * bytes;
    if (fromStrides[inner] == 1 && toStrides[inner] == 1)
      std::memcpy(target, source, sizes[inner] * bytes);
    else
      for (int64_t i = 0; i < sizes[inner]; ++i)
        std::memcpy(target + i * toStrides[inner] * bytes,
                    source + i * fromStrides[inner] * bytes, bytes);
    size_t dim = inner;
    while (true) {
      if (dim == 0)
        return;
      --dim;
      fromAt += fromStrides[dim];
      toAt += toStrides[dim];
      if (++index[dim] < sizes[dim])
        break;
      fromAt -= fromStrides[dim] * sizes[dim];
      toAt -= toStrides[dim] * sizes[dim];
      index[dim] = 0;
    }
  }
}

void gatherStrided(const char *from, const std::vector<int64_t> &strides,
                   const std::vector<int64_t> &valid,
                   const std::vector<int64_t> &local, int64_t elementBytes,
                   char *to) {
  if (valid != local) {
    int64_t elements = 1;
    for (int64_t size : local)
      elements *= size;
    std::memset(to, 0, elements * elementBytes);
  }
  copyBox(from, strides, to, denseStrides(local), valid, elementBytes);
}

void scatterStrided(const char *from, const std::vector<int64_t> &local,
                    const std::vector<int64_t> &valid,
                    const std::vector<int64_t> &strides, int64_t elementBytes,
                    char *to) {
  copyBox(from, denseStrides(local), to, strides, valid, elementBytes);
}

} // namespace vescale::runtime
