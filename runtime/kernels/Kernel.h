// A generated kernel with its buffers resolved.
#ifndef VESCALE_RUNTIME_KERNELS_KERNEL_H
#define VESCALE_RUNTIME_KERNELS_KERNEL_H

#include "runtime/kernels/Step.h"

namespace vescale::runtime {

class BoundKernel {
public:
  BoundKernel(const vs_kernel &kernel, const Addresses &addresses,
              const int64_t *env);

  explicit operator bool() const { return fn; }
  /// Computes rows [row, rowEnd) × columns [column, columnEnd).
  void operator()(int64_t row, int64_t rowEnd, int64_t column,
                  int64_t columnEnd) const {
    int64_t lo[2] = {row, column}, hi[2] = {rowEnd, columnEnd};
    fn(buffers.data(), lo, hi, env);
  }

private:
  vs_kernel_fn fn;
  std::vector<void *> buffers;
  const int64_t *env;
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_KERNELS_KERNEL_H
