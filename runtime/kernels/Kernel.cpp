// Runs a generated kernel over its iteration space in parallel boxes.
#include "runtime/kernels/Kernel.h"

#include "runtime/core/Threads.h"
#include "runtime/kernels/Blocking.h"

namespace vescale::runtime {

BoundKernel::BoundKernel(const vs_kernel &kernel, const Addresses &addresses,
                         const int64_t *env)
    : fn(kernel.fn), env(env) {
  for (int32_t i = 0; i < kernel.num_buffers; ++i)
    buffers.push_back(addresses.at(kernel.buffers[i]));
}

namespace {

// Below this many operations a second thread costs more than it saves.
constexpr int64_t grainFlops = 32768;
// Inner dimensions are split at multiples of a cache line of the narrowest
// element, so that no two threads write the same line of a dense row.
constexpr int64_t innerMultiple = 64;

class KernelStep : public Step {
public:
  KernelStep(const vs_kernel &kernel, const Addresses &addresses,
             const int64_t *env)
      : kernel(kernel, addresses, env), rows(kernel.extents[0]),
        columns(kernel.num_dims > 1 ? kernel.extents[1] : 1),
        flops(std::max<int64_t>(kernel.flops_per_point, 1)),
        flat(kernel.num_dims < 2) {}

  void run() override {
    if (rows <= 0 || columns <= 0)
      return;
    int64_t total = rows * columns;
    int64_t useful = std::min<int64_t>(
        threadCount(),
        std::max<int64_t>(1, total / 8 * flops / grainFlops * 8));
    if (useful <= 1)
      return kernel(0, rows, 0, columns);
    // One dimension: equal ranges. Two: rows if there are enough, else the
    // columns of few rows.
    if (flat)
      return split(rows, innerMultiple, useful,
                   [&](int64_t lo, int64_t hi) { kernel(lo, hi, 0, 1); });
    if (rows >= useful)
      return split(rows, 1, useful,
                   [&](int64_t lo, int64_t hi) { kernel(lo, hi, 0, columns); });
    split(columns, innerMultiple, useful,
          [&](int64_t lo, int64_t hi) { kernel(0, rows, lo, hi); });
  }

private:
  template <typename Body>
  static void split(int64_t extent, int64_t multiple, int64_t parts,
                    Body body) {
    int64_t units = (extent + multiple - 1) / multiple;
    parts = std::min(parts, units);
    parallelRegion(static_cast<int>(parts), [&](int part) {
      int64_t lo = units * part / parts * multiple;
      int64_t hi = std::min(units * (part + 1) / parts * multiple, extent);
      if (lo < hi)
        body(lo, hi);
    });
  }

  BoundKernel kernel;
  int64_t rows, columns, flops;
  bool flat;
};

} // namespace

std::unique_ptr<Step> makeKernelStep(const vs_kernel &kernel,
                                     const Addresses &addresses,
                                     const int64_t *env) {
  return std::make_unique<KernelStep>(kernel, addresses, env);
}

} // namespace vescale::runtime
