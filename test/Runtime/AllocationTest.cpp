// What steps allocate while they run: nothing. The library's scratch lies in
// the arena, whose size the compiler printed. This program's own malloc counts.
#include "runtime/kernels/Pack.h"
#include "test/Runtime/KernelTesting.h"

#include <dnnl.h>

#include <atomic>
#include <cerrno>

static std::atomic<int64_t> largestRequest{0};

static void count(size_t bytes) {
  auto size = static_cast<int64_t>(bytes);
  int64_t largest = largestRequest;
  while (size > largest && !largestRequest.compare_exchange_weak(largest, size))
    ;
}

// The names by which libraries of this process reach them too.
extern "C" {
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);

void *malloc(size_t bytes) {
  count(bytes);
  return __libc_malloc(bytes);
}
void *calloc(size_t number, size_t bytes) {
  count(number * bytes);
  return __libc_calloc(number, bytes);
}
void *memalign(size_t alignment, size_t bytes) {
  count(bytes);
  return __libc_memalign(alignment, bytes);
}
void *aligned_alloc(size_t alignment, size_t bytes) {
  return memalign(alignment, bytes);
}
int posix_memalign(void **result, size_t alignment, size_t bytes) {
  *result = memalign(alignment, bytes);
  return *result ? 0 : ENOMEM;
}
}

using namespace vescale::runtime;

namespace {

/// oneDNN's bookkeeping of one call, of a few hundred bytes.
constexpr int64_t bookkeeping = 2048;

void expectNoAllocation(Step &step) {
  step.run(); // oneDNN and libgomp make what they keep
  largestRequest = 0;
  step.run();
  EXPECT_LE(largestRequest, bookkeeping);
}

TEST(Allocation, OfTheLibraryIsCounted) {
  // This call copies its operands into memory of its own.
  std::vector<float> a(256 * 256, 1.0f), b = a, c = a;
  largestRequest = 0;
  dnnl_sgemm('T', 'T', 256, 256, 256, 1.0f, a.data(), 256, b.data(), 256, 0.0f,
             c.data(), 256);
  EXPECT_GT(largestRequest, bookkeeping);
}

struct Shape {
  int64_t m, n, k;
};

TEST(Allocation, MatrixProducts) {
  for (auto [m, n, k] : {Shape{1, 768, 768},
                         {4, 300, 700},
                         {100, 130, 64},
                         {128, 768, 768},
                         {200, 64, 3000},
                         {7, 5, 9}})
    for (bool transposeA : {false, true})
      for (bool transposeB : {false, true})
        for (bool packed : {false, true})
          for (int threads : {1, 2}) {
            if (packed && transposeB)
              continue;
            SCOPED_TRACE(testing::Message()
                         << m << "x" << k << "x" << n << " ta" << transposeA
                         << " tb" << transposeB << " packed" << packed
                         << " threads" << threads);
            setThreadCount(threads);
            TestArena arena;
            vs_gemm gemm = {};
            gemm.m = m;
            gemm.n = n;
            gemm.k = k;
            gemm.batch[0] = gemm.batch[1] = 1;
            gemm.lda = transposeA ? m : k;
            gemm.ldb = transposeB ? k : n;
            gemm.ldc = n;
            gemm.transpose_a = transposeA;
            gemm.transpose_b = transposeB;
            gemm.b_packed = packed;
            arena.alloc(m * k, gemm.a);
            arena.alloc(packed ? vs_packed_bytes(k, n, VS_F32) / 4 : k * n,
                        gemm.b);
            arena.alloc(m * n, gemm.c);
            gemm.scratch_bytes = vs_gemm_scratch_bytes(&gemm, threads);
            arena.alloc<char>(gemm.scratch_bytes, gemm.scratch);
            expectNoAllocation(*makeGemmStep(gemm, arena.addresses, nullptr));
          }
}

TEST(Allocation, Convolution) {
  setThreadCount(2);
  TestArena arena;
  vs_conv conv = {};
  conv.spatial_dims = 2;
  conv.n = 2;
  conv.c = 3;
  conv.o = 64;
  conv.groups = 1;
  for (int dim = 0; dim < 2; ++dim) {
    conv.in_size[dim] = 64;
    conv.window[dim] = 8;
    conv.out_size[dim] = 8;
    conv.strides[dim] = 8;
    conv.dilations[dim] = 1;
  }
  arena.alloc(2 * 3 * 64 * 64, conv.input);
  arena.alloc(64 * 3 * 64, conv.weight);
  arena.alloc(2 * 64 * 64, conv.result);
  conv.scratch_bytes = vs_conv_scratch_bytes(&conv, 2);
  arena.alloc<char>(conv.scratch_bytes, conv.scratch);
  expectNoAllocation(*makeConvStep(conv, arena.addresses, nullptr));
}

TEST(Allocation, Attention) {
  setThreadCount(2);
  TestArena arena;
  vs_attention op = {};
  op.batch = 1;
  op.heads = op.kv_heads = 4;
  op.queries = op.keys = 200;
  op.head_dim = op.value_dim = 64;
  op.scale = 0.125f;
  for (auto *stride : {op.q_stride, op.k_stride, op.v_stride, op.out_stride}) {
    stride[0] = 4 * 200 * 64;
    stride[1] = 200 * 64;
    stride[2] = 64;
  }
  for (vs_ref *ref : {&op.q, &op.k, &op.v, &op.out})
    arena.alloc(4 * 200 * 64, *ref);
  op.scratch_bytes = vs_attention_scratch_bytes(&op, 2);
  arena.alloc<char>(op.scratch_bytes, op.scratch);
  expectNoAllocation(*makeAttentionStep(op, arena.addresses));
}

TEST(Allocation, Gradients) {
  setThreadCount(2);
  TestArena arena;
  vs_attention_grad op = {};
  op.batch = 1;
  op.heads = op.kv_heads = 4;
  op.queries = op.keys = 200;
  op.head_dim = op.value_dim = 64;
  op.scale = 0.125f;
  for (auto *stride :
       {op.q_stride, op.k_stride, op.v_stride, op.out_grad_stride,
        op.q_grad_stride, op.k_grad_stride, op.v_grad_stride}) {
    stride[0] = 4 * 200 * 64;
    stride[1] = 200 * 64;
    stride[2] = 64;
  }
  for (vs_ref *ref :
       {&op.q, &op.k, &op.v, &op.out_grad, &op.q_grad, &op.k_grad, &op.v_grad})
    arena.alloc(4 * 200 * 64, *ref);
  arena.alloc(4 * 200, op.lse);
  arena.alloc(4 * 200, op.delta);
  op.scratch_bytes = vs_attention_grad_scratch_bytes(&op, 2);
  arena.alloc<char>(op.scratch_bytes, op.scratch);
  expectNoAllocation(*makeAttentionGradStep(op, arena.addresses));

  vs_scatter_add scatter = {};
  scatter.outer = 1;
  scatter.count = 100;
  scatter.rows = 50;
  scatter.inner = 200;
  scatter.index_dtype = VS_I64;
  arena.alloc<int64_t>(100, scatter.indices);
  arena.alloc(100 * 200, scatter.updates);
  arena.alloc(50 * 200, scatter.result);
  expectNoAllocation(*makeScatterAddStep(scatter, arena.addresses));
}

} // namespace
