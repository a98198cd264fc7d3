// Times the library's kernels in the shapes of a training step, as a share of
// the FMA peak that the same run measures:
//
//   bench-kernels [threads]
//
// Each line is the best of several turns, between which the peak is measured
// again, so that a slow moment of the machine meets both.
#include "runtime/core/Threads.h"
#include "runtime/kernels/Isa.h"
#include "runtime/kernels/Step.h"
#include "runtime/kernels/sizes.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

using namespace vescale::runtime;

namespace {

/// The time that all threads were busy with a call, so that neighbours on the
/// machine count little.
double seconds(const std::function<void()> &call) {
  auto now = [] {
    timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * time.tv_nsec;
  };
  double begin = now();
  call();
  return now() - begin;
}

/// Operations per second of multiply-adds in registers.
#define FMA_LOOP(name, isa, bytes)                                             \
  __attribute__((target(isa), noinline)) void name(int64_t rounds) {           \
    typedef float Vec __attribute__((vector_size(bytes)));                     \
    Vec x = Vec{} + 0.999f, y = Vec{} + 1e-3f;                                 \
    Vec a = {}, b = {}, c = {}, d = {}, e = {}, f = {}, g = {}, h = {};        \
    for (int64_t round = 0; round < rounds; ++round) {                         \
      a = a * x + y, b = b * x + y, c = c * x + y, d = d * x + y;              \
      e = e * x + y, f = f * x + y, g = g * x + y, h = h * x + y;              \
      __asm__ volatile(""                                                      \
                       : "+v"(a), "+v"(b), "+v"(c), "+v"(d), "+v"(e), "+v"(f), \
                         "+v"(g), "+v"(h));                                    \
    }                                                                          \
  }
FMA_LOOP(multiplyV3, "avx2,fma", 32)
FMA_LOOP(multiplyV4, "avx512f,fma", 64)

double measurePeak() {
  constexpr int64_t rounds = 200000;
  bool wide = hasWideVectors();
  double time = seconds([&] { (wide ? multiplyV4 : multiplyV3)(rounds); });
  return 2.0 * 8 * (wide ? 16 : 8) * rounds / time;
}

class Memory {
public:
  explicit Memory(int64_t bytes)
      : bytes(bytes),
        at(static_cast<char *>(std::aligned_alloc(int64_t(2) << 20, bytes))) {
    madvise(at, bytes, MADV_HUGEPAGE); // as the arena has them
    for (int64_t i = 0; i < bytes / 4; ++i)
      reinterpret_cast<float *>(at)[i] = float(i % 17) / 16 - 0.5f;
    addresses.arena = at;
  }
  ~Memory() { std::free(at); }
  vs_ref take(int64_t size) {
    vs_ref ref = {VS_ARENA, 0, used};
    used += (size + 63) / 64 * 64;
    if (used > bytes)
      std::abort();
    return ref;
  }
  Addresses addresses;

private:
  int64_t bytes, used = 0;
  char *at;
};

void report(const std::string &name, double flops, Step &step) {
  double best = 1e30, peak = 0;
  for (int turn = 0; turn < 15; ++turn) {
    peak = std::max(peak, measurePeak());
    best = std::min(best, seconds([&] { step.run(); }));
  }
  std::printf("%-44s %9.3f ms %7.1f GFLOP/s %6.1f %% of peak %.1f\n",
              name.c_str(), best * 1e3, flops / best * 1e-9,
              100 * flops / best / peak, peak * 1e-9);
  std::fflush(stdout);
}

void gemm(int64_t m, int64_t k, int64_t n, bool transposeA, bool transposeB) {
  Memory memory(int64_t(256) << 20);
  vs_gemm op = {};
  op.m = m;
  op.n = n;
  op.k = k;
  op.batch[0] = op.batch[1] = 1;
  op.transpose_a = transposeA;
  op.transpose_b = transposeB;
  op.lda = transposeA ? m : k;
  op.ldb = transposeB ? k : n;
  op.ldc = n;
  op.a = memory.take(m * k * 4);
  op.b = memory.take(k * n * 4);
  op.c = memory.take(m * n * 4);
  op.scratch_bytes = vs_gemm_scratch_bytes(&op, threadCount());
  op.scratch = memory.take(op.scratch_bytes);
  auto step = makeGemmStep(op, memory.addresses, nullptr);
  std::string name = "gemm " + std::to_string(m) + "x" + std::to_string(k) +
                     "x" + std::to_string(n) + (transposeA ? " A'" : " A") +
                     (transposeB ? " B'" : " B");
  report(name, 2.0 * m * n * k, *step);
}

/// Both ways of causal attention; operations are counted for visible pairs.
void attention(int64_t batch, int64_t heads, int64_t length, int64_t dim) {
  Memory memory(int64_t(512) << 20);
  int64_t bytes = batch * heads * length * dim * 4;
  const int64_t strides[] = {heads * length * dim, dim, heads * dim};
  auto place = [&](vs_ref &ref, int64_t (&stride)[3]) {
    ref = memory.take(bytes);
    std::copy(strides, strides + 3, stride);
  };
  vs_attention op = {};
  place(op.q, op.q_stride);
  place(op.k, op.k_stride);
  place(op.v, op.v_stride);
  place(op.out, op.out_stride);
  op.lse = memory.take(bytes / dim);
  op.has_lse = 1;
  op.batch = batch;
  op.heads = op.kv_heads = heads;
  op.queries = op.keys = length;
  op.head_dim = op.value_dim = dim;
  op.scale = 0.125f;
  op.causal = 1;
  op.scratch_bytes = vs_attention_scratch_bytes(&op, threadCount());
  op.scratch = memory.take(op.scratch_bytes);
  vs_attention_grad grad = {};
  place(grad.q, grad.q_stride);
  place(grad.k, grad.k_stride);
  place(grad.v, grad.v_stride);
  place(grad.out_grad, grad.out_grad_stride);
  place(grad.q_grad, grad.q_grad_stride);
  place(grad.k_grad, grad.k_grad_stride);
  place(grad.v_grad, grad.v_grad_stride);
  grad.q = op.q;
  grad.k = op.k;
  grad.v = op.v;
  grad.lse = op.lse;
  grad.delta = memory.take(bytes / dim);
  grad.batch = batch;
  grad.heads = grad.kv_heads = heads;
  grad.queries = grad.keys = length;
  grad.head_dim = grad.value_dim = dim;
  grad.scale = op.scale;
  grad.causal = 1;
  grad.scratch_bytes = vs_attention_grad_scratch_bytes(&grad, threadCount());
  grad.scratch = memory.take(grad.scratch_bytes);
  double pairs = double(batch * heads) * length * (length + 1) / 2;
  std::string name = std::to_string(batch) + "x" + std::to_string(heads) + "x" +
                     std::to_string(length) + "x" + std::to_string(dim);
  report("attention " + name, pairs * 4 * dim,
         *makeAttentionStep(op, memory.addresses));
  report("attention_grad " + name, pairs * 10 * dim,
         *makeAttentionGradStep(grad, memory.addresses));
}

} // namespace

int main(int argc, char **argv) {
  setThreadCount(argc > 1 ? std::atoi(argv[1]) : 1);
  attention(8, 6, 256, 64);
  attention(8, 6, 1024, 64);
  // The forward product, the gradient of its left operand, that of its weight.
  const int64_t shapes[][3] = {{2048, 384, 384},
                               {2048, 384, 1536},
                               {2048, 1536, 384},
                               {2048, 384, 1152}};
  for (auto [m, k, n] : shapes) {
    gemm(m, k, n, false, false);
    gemm(m, n, k, false, true);
    gemm(k, m, n, true, false);
  }
}
