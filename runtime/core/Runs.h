// Which elements of a tensor a strided view of it holds.
#ifndef VESCALE_RUNTIME_CORE_RUNS_H
#define VESCALE_RUNTIME_CORE_RUNS_H

#include <cstdint>
#include <functional>
#include <vector>

namespace vescale::runtime {

/// Calls `run(begin, end)`, in elements, for runs of the view in increasing
/// order that cover its elements and join what is at most `gap` apart.
void forEachRun(const std::vector<int64_t> &sizes,
                const std::vector<int64_t> &strides, int64_t gap,
                const std::function<void(int64_t, int64_t)> &run);

/// Does the view's row-major order lead through the tensor forwards, past no
/// element twice? Then its elements are a sequence of increasing runs.
bool isAscending(const std::vector<int64_t> &sizes,
                 const std::vector<int64_t> &strides);

/// One past the last element that the view reaches: 0 if it has none, the
/// largest number if that does not fit.
int64_t viewEnd(const std::vector<int64_t> &sizes, int64_t offset,
                const std::vector<int64_t> &strides);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CORE_RUNS_H
