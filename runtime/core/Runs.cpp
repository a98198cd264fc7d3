// Walks a view by decreasing stride.
//
//   1. Dimensions of one element don't matter; the others are sorted by stride.
//   2. From the smallest stride on, a dimension whose steps leave gaps of at
//      most `gap` belongs to the run: all of it is one.
//   3. The rest is counted through. Runs of overlapping views may repeat.
#include "runtime/core/Runs.h"

#include <algorithm>

namespace vescale::runtime {

void forEachRun(const std::vector<int64_t> &sizes,
                const std::vector<int64_t> &strides, int64_t gap,
                const std::function<void(int64_t, int64_t)> &run) {
  std::vector<std::pair<int64_t, int64_t>> dims; // stride, size
  for (size_t dim = 0; dim < sizes.size(); ++dim) {
    if (sizes[dim] == 0)
      return;
    if (sizes[dim] > 1 && strides[dim] != 0)
      dims.emplace_back(strides[dim], sizes[dim]);
  }
  std::sort(dims.begin(), dims.end(), std::greater<>());
  int64_t length = 1;
  while (!dims.empty() && dims.back().first - length <= gap) {
    length += dims.back().first * (dims.back().second - 1);
    dims.pop_back();
  }
  std::vector<int64_t> index(dims.size(), 0);
  int64_t at = 0;
  while (true) {
    run(at, at + length);
    size_t dim = dims.size();
    while (true) {
      if (dim == 0)
        return;
      --dim;
      at += dims[dim].first;
      if (++index[dim] < dims[dim].second)
        break;
      at -= dims[dim].first * dims[dim].second;
      index[dim] = 0;
    }
  }
}

bool isAscending(const std::vector<int64_t> &sizes,
                 const std::vector<int64_t> &strides) {
  if (std::count(sizes.begin(), sizes.end(), 0))
    return true;
  int64_t reach =
      0; // from the first element of the inner dimensions to the last
  for (size_t dim = sizes.size(); dim-- > 0;) {
    if (sizes[dim] == 1)
      continue;
    int64_t step;
    if (strides[dim] <= reach ||
        __builtin_mul_overflow(sizes[dim] - 1, strides[dim], &step) ||
        __builtin_add_overflow(reach, step, &reach))
      return false;
  }
  return true;
}

int64_t viewEnd(const std::vector<int64_t> &sizes, int64_t offset,
                const std::vector<int64_t> &strides) {
  if (std::count(sizes.begin(), sizes.end(), 0))
    return 0;
  int64_t last = offset;
  for (size_t dim = 0; dim < sizes.size(); ++dim) {
    int64_t reach;
    if (__builtin_mul_overflow(sizes[dim] - 1, strides[dim], &reach) ||
        __builtin_add_overflow(last, reach, &last))
      return INT64_MAX;
  }
  return last == INT64_MAX ? last : last + 1;
}

} // namespace vescale::runtime
