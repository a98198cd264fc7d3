// Matrix multiplication against a sum in double, over random shapes, strides,
// batches, packings, types and thread counts.
#include "runtime/core/Error.h"
#include "runtime/kernels/Pack.h"
#include "test/Runtime/KernelTesting.h"

using namespace vescale::runtime;

namespace {

/// Doubles C and adds the column number: shows which boxes were run, and once.
struct EpilogueCall {
  static inline int64_t columns, ldc;
  static void run(void *const *buffers, const int64_t *lo, const int64_t *hi,
                  const int64_t *env) {
    auto *c = static_cast<float *>(buffers[0]);
    for (int64_t i = lo[0]; i < hi[0]; ++i)
      for (int64_t j = lo[1]; j < hi[1]; ++j)
        c[i * ldc + j] = 2 * c[i * ldc + j] + static_cast<float>(j);
  }
};

struct Case {
  int64_t m, n, k, batch0 = 1, batch1 = 1;
  bool transposeA = false, transposeB = false, packed = false, bf16 = false;
  bool epilogue = false, broadcastB = false;
  int threads = 1;
};

std::ostream &operator<<(std::ostream &os, const Case &c) {
  return os << c.batch0 << "x" << c.batch1 << " of " << c.m << "x" << c.k << "x"
            << c.n << " ta" << c.transposeA << " tb" << c.transposeB
            << " packed" << c.packed << " bf16" << c.bf16 << " epilogue"
            << c.epilogue << " broadcast" << c.broadcastB << " threads"
            << c.threads;
}

void check(const Case &c, Random &random) {
  SCOPED_TRACE(testing::Message() << c);
  setThreadCount(c.threads);
  TestArena arena;
  vs_gemm gemm = {};
  gemm.m = c.m;
  gemm.n = c.n;
  gemm.k = c.k;
  gemm.batch[0] = c.batch0;
  gemm.batch[1] = c.batch1;
  gemm.transpose_a = c.transposeA;
  gemm.transpose_b = c.transposeB && !c.packed;
  gemm.b_packed = c.packed;
  gemm.dtype = c.bf16 ? VS_BF16 : VS_F32;
  gemm.result_dtype = VS_F32;
  gemm.lda = (c.transposeA ? c.m : c.k) + random.between(0, 3);
  gemm.ldb = (c.transposeB ? c.k : c.n) + random.between(0, 3);
  gemm.ldc = c.n; // the epilogue's rows run on through the batch
  int64_t batch = c.batch0 * c.batch1;
  int64_t aSize = (c.transposeA ? c.k : c.m) * gemm.lda;
  int64_t bSize = (c.transposeB ? c.n : c.k) * gemm.ldb;
  gemm.a_batch_stride[0] = c.batch1 * aSize;
  gemm.a_batch_stride[1] = aSize;
  bool oneB = c.broadcastB || c.packed;
  gemm.b_batch_stride[0] = oneB ? 0 : c.batch1 * bSize;
  gemm.b_batch_stride[1] = oneB ? 0 : bSize;
  gemm.c_batch_stride[0] = c.batch1 * c.m * c.n;
  gemm.c_batch_stride[1] = c.m * c.n;

  std::vector<float> a(batch * aSize), b((oneB ? 1 : batch) * bSize);
  random.fill(a.data(), a.size());
  random.fill(b.data(), b.size());
  auto store = [&](std::vector<float> &values, vs_ref &ref) -> char * {
    if (!c.bf16) {
      float *at = arena.alloc(values.size(), ref);
      std::memcpy(at, values.data(), values.size() * 4);
      return reinterpret_cast<char *>(at);
    }
    auto *at = arena.alloc<uint16_t>(values.size(), ref);
    for (size_t i = 0; i < values.size(); ++i) {
      at[i] = toBF16(values[i]);
      values[i] = fromBF16(at[i]);
    }
    return reinterpret_cast<char *>(at);
  };
  store(a, gemm.a);
  char *plainB = store(b, gemm.b);
  auto dtype = static_cast<vs_dtype>(gemm.dtype);
  if (c.packed) {
    char *packed = arena.alloc<char>(vs_packed_bytes(c.k, c.n, dtype), gemm.b);
    packWeight(dtype, c.k, c.n, c.k, c.n, plainB, c.transposeB ? 1 : gemm.ldb,
               c.transposeB ? gemm.ldb : 1, packed);
  }
  float *result = arena.alloc(batch * c.m * c.n, gemm.c);
  gemm.scratch_bytes = vs_gemm_scratch_bytes(&gemm, c.threads);
  arena.alloc<char>(gemm.scratch_bytes, gemm.scratch);
  if (c.epilogue) {
    gemm.epilogue = {EpilogueCall::run, &gemm.c, 1, 2, {batch * c.m, c.n}, 2};
    EpilogueCall::ldc = c.n;
  }
  std::unique_ptr<Step> step;
  try {
    step = makeGemmStep(gemm, arena.addresses, nullptr);
  } catch (const Failure &failure) {
    // oneDNN has no bf16 without AVX-512; that must be said, and only that.
    ASSERT_TRUE(c.bf16 && std::getenv("DNNL_MAX_CPU_ISA")) << failure.what();
    return;
  }
  for (int run = 0; run < 2; ++run)
    step->run();
  for (int64_t at = 0; at < batch; ++at)
    for (int64_t i = 0; i < c.m; ++i)
      for (int64_t j = 0; j < c.n; ++j) {
        double sum = 0;
        const float *left = a.data() + at * aSize;
        const float *right = b.data() + (oneB ? 0 : at * bSize);
        for (int64_t p = 0; p < c.k; ++p)
          sum +=
              double(left[c.transposeA ? p * gemm.lda + i : i * gemm.lda + p]) *
              right[c.transposeB ? j * gemm.ldb + p : p * gemm.ldb + j];
        if (c.epilogue)
          sum = 2 * sum + j;
        double got = result[(at * c.m + i) * c.n + j];
        ASSERT_NEAR(got, sum, 2e-6 * (c.k + 8) + 1e-6 * std::abs(sum))
            << "at " << at << ", " << i << ", " << j;
      }
}

TEST(Gemm, ModelShapes) {
  Random random(1);
  for (bool packed : {false, true})
    for (int64_t m : {1, 2, 17, 128}) {
      check({m, 257, 96, 1, 1, false, false, packed, false, true, false, 2},
            random);
      check({m, 64, 768, 1, 1, false, true, packed, false, true, false, 2},
            random);
    }
}

TEST(Gemm, RandomShapes) {
  for (unsigned seed = 0; seed < 150; ++seed) {
    Random random(seed);
    Case c;
    c.m = random.pick<int64_t>({1, 2, 7, 16, 33, 200, random.between(1, 260)});
    c.n = random.pick<int64_t>({1, 3, 64, 65, 128, random.between(1, 420)});
    c.k = random.pick<int64_t>({1, 2, 15, 16, 17, 64, random.between(1, 300)});
    c.batch0 = random.chance(0.3) ? random.between(1, 3) : 1;
    c.batch1 = random.chance(0.3) ? random.between(1, 3) : 1;
    c.transposeA = random.chance(0.3);
    c.transposeB = random.chance(0.4);
    c.packed = random.chance(0.5);
    c.bf16 = random.chance(0.25);
    c.epilogue = random.chance(0.5);
    c.broadcastB = random.chance(0.3);
    c.threads = random.pick({1, 2, 3});
    check(c, random);
    if (HasFatalFailure())
      return;
  }
}

TEST(Gemm, LargerThanABlock) {
  Random random(2);
  for (bool transposeA : {false, true})
    for (bool transposeB : {false, true})
      check({1100, 150, 530, 1, 1, transposeA, transposeB, false, false,
             transposeB, false, transposeA ? 5 : 2},
            random);
}

TEST(Gemm, NoInnerDimensionGivesZeros) {
  Random random(3);
  check({5, 70, 0, 1, 1, false, false, false, false, true, false, 2}, random);
}

TEST(Gemm, NoRowsIsNoWork) {
  Random random(4);
  check({0, 70, 8}, random);
}

TEST(Gemm, RefusesUnsupportedTypes) {
  TestArena arena;
  vs_gemm gemm = {};
  gemm.m = gemm.n = gemm.k = gemm.lda = gemm.ldb = gemm.ldc = 4;
  gemm.batch[0] = gemm.batch[1] = 1;
  gemm.dtype = VS_F16;
  try {
    makeGemmStep(gemm, arena.addresses, nullptr);
    FAIL() << "f16 was accepted";
  } catch (const std::exception &error) {
    EXPECT_NE(std::string(error.what()).find("f16"), std::string::npos);
  }
}

/// The tree over `leaves` chains of multiply-adds from `first` on.
float treeSum(const float *a, int64_t aStep, const float *b, int64_t bStep,
              int64_t count, int64_t leaves) {
  if (leaves > 1) {
    int64_t half = count / 2;
    return treeSum(a, aStep, b, bStep, half, leaves / 2) +
           treeSum(a + half * aStep, aStep, b + half * bStep, bStep, half,
                   leaves / 2);
  }
  float sum = 0;
  for (int64_t p = 0; p < count; ++p)
    sum = std::fma(a[p * aStep], b[p * bStep], sum);
  return sum;
}

TEST(Gemm, SumsAreTreesOverLeaves) {
  Random random(11);
  for (int problem = 0; problem < 40; ++problem) {
    TestArena arena;
    vs_gemm gemm = {};
    gemm.leaves = int64_t(1) << random.between(0, 4);
    gemm.m = random.pick<int64_t>({1, 3, 7, 50, 97, 400});
    gemm.n = random.pick<int64_t>({1, 15, 64, 130, 200});
    gemm.k = gemm.leaves * random.pick<int64_t>({1, 5, 48, 400});
    gemm.batch[0] = gemm.batch[1] = 1;
    gemm.transpose_a = random.between(0, 1);
    gemm.transpose_b = random.between(0, 1);
    gemm.dtype = gemm.result_dtype = VS_F32;
    gemm.lda = gemm.transpose_a ? gemm.m : gemm.k;
    gemm.ldb = gemm.transpose_b ? gemm.k : gemm.n;
    gemm.ldc = gemm.n;
    SCOPED_TRACE(testing::Message()
                 << gemm.m << "x" << gemm.k << "x" << gemm.n << " leaves "
                 << gemm.leaves << " ta" << gemm.transpose_a << " tb"
                 << gemm.transpose_b);
    float *a = arena.alloc(gemm.m * gemm.k, gemm.a);
    float *b = arena.alloc(gemm.k * gemm.n, gemm.b);
    float *c = arena.alloc(gemm.m * gemm.n, gemm.c);
    random.fill(a, gemm.m * gemm.k);
    random.fill(b, gemm.k * gemm.n);
    int threads = static_cast<int>(random.between(1, 2));
    setThreadCount(threads);
    gemm.scratch_bytes = vs_gemm_scratch_bytes(&gemm, threads);
    arena.alloc<char>(gemm.scratch_bytes, gemm.scratch);
    makeGemmStep(gemm, arena.addresses, nullptr)->run();
    int64_t aRow = gemm.transpose_a ? 1 : gemm.k;
    int64_t aStep = gemm.transpose_a ? gemm.m : 1;
    int64_t bColumn = gemm.transpose_b ? gemm.k : 1;
    int64_t bStep = gemm.transpose_b ? 1 : gemm.n;
    for (int64_t i = 0; i < gemm.m; ++i)
      for (int64_t j = 0; j < gemm.n; ++j)
        ASSERT_EQ(c[i * gemm.n + j],
                  treeSum(a + i * aRow, aStep, b + j * bColumn, bStep, gemm.k,
                          gemm.leaves))
            << i << ", " << j;
  }
}

TEST(Gemm, RefusesLeavesOfPackedWeights) {
  TestArena arena;
  vs_gemm gemm = {};
  gemm.m = gemm.n = gemm.k = 64;
  gemm.batch[0] = gemm.batch[1] = gemm.b_packed = 1;
  gemm.leaves = 2;
  EXPECT_THROW(makeGemmStep(gemm, arena.addresses, nullptr), Failure);
}

} // namespace
