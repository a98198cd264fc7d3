// Which bytes of a tensor a strided view of it holds.
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

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CORE_RUNS_H
