// Measures matrix products.
#include "runtime/train/GemmPeak.h"

#include "runtime/core/Clock.h"
#include "runtime/core/Executor.h"
#include "runtime/core/Threads.h"
#include "runtime/kernels/sizes.h"

#include <algorithm>

namespace vescale::runtime {

double measureGemmPeak() {
  constexpr int64_t milliseconds = 60, size = 512, minimumRuns = 3;
  vs_gemm gemm = {};
  gemm.m = 256 * threadCount();
  gemm.n = gemm.k = size;
  gemm.batch[0] = gemm.batch[1] = 1;
  gemm.lda = gemm.ldb = gemm.ldc = size;
  gemm.scratch_bytes = vs_gemm_scratch_bytes(&gemm, threadCount());
  auto place = [end = int64_t(0)](vs_ref &ref, int64_t bytes) mutable {
    ref = {VS_ARENA, 0, end};
    return end += (bytes + 63) / 64 * 64;
  };
  int64_t rows = gemm.m * size * sizeof(float);
  place(gemm.a, rows);
  place(gemm.b, size * size * sizeof(float));
  place(gemm.c, rows);
  Arena arena(place(gemm.scratch, gemm.scratch_bytes));
  Addresses addresses;
  addresses.arena = arena.data();
  for (vs_ref *operand : {&gemm.a, &gemm.b}) {
    auto *at = reinterpret_cast<float *>(addresses.at(*operand));
    std::fill_n(at, operand == &gemm.a ? gemm.m * size : size * size, 1.0f);
  }
  std::unique_ptr<Step> step = makeGemmStep(gemm, addresses, nullptr);
  int64_t best = 0, until = nanoseconds() + milliseconds * 1'000'000;
  for (int64_t run = 0; run < minimumRuns || nanoseconds() < until; ++run) {
    int64_t begin = nanoseconds();
    step->run();
    int64_t took = std::max<int64_t>(nanoseconds() - begin, 1);
    best = best ? std::min(best, took) : took;
  }
  return 2e9 * gemm.m * gemm.n * gemm.k / best;
}

} // namespace vescale::runtime
