// Attention against a softmax in double, over random shapes, strides, masks.
#include "runtime/kernels/AttentionBlock.h"
#include "test/Runtime/KernelTesting.h"

using namespace vescale::runtime;

namespace {

struct Problem {
  vs_attention op = {};
  TestArena arena;
  float *q, *k, *v, *out;
  float *maskNumbers = nullptr;
  uint8_t *maskBools = nullptr;
};

/// Random strides for [batch, heads, rows] of `dim`, in one of the orders that
/// models use; returns the number of elements.
int64_t strides(Random &random, int64_t batch, int64_t heads, int64_t rows,
                int64_t dim, int64_t *out) {
  int64_t slack = random.pick<int64_t>({0, 0, 1, 5});
  if (random.chance(0.5)) { // batch, rows, heads, dim, as after a projection
    out[2] = heads * dim + slack;
    out[1] = dim;
    out[0] = rows * out[2];
  } else {
    out[2] = dim + slack;
    out[1] = rows * out[2];
    out[0] = heads * out[1];
  }
  return batch * out[0];
}

void makeProblem(Problem &p, unsigned seed) {
  Random random(seed);
  vs_attention &op = p.op;
  op.batch = random.between(1, 2);
  op.kv_heads = random.between(1, 3);
  op.heads = op.kv_heads * random.pick<int64_t>({1, 1, 2, 3});
  op.queries = random.pick<int64_t>({1, 2, 63, 64, 65, random.between(1, 200)});
  op.keys = random.pick<int64_t>(
      {1, op.queries, 127, 128, 129, random.between(1, 300)});
  op.head_dim = random.pick<int64_t>({8, 16, 24, 64, random.between(1, 80)});
  op.value_dim = random.chance(0.7) ? op.head_dim : random.between(1, 80);
  op.scale = 1.0f / std::sqrt(static_cast<float>(op.head_dim));
  op.softcap = random.chance(0.2) ? 5.0f : 0.0f;
  op.causal = random.chance(0.5);
  op.causal_offset = random.chance(0.5) ? op.keys - op.queries : 0;
  op.window = random.chance(0.3) ? random.between(1, 100) : 0;
  op.dtype = VS_F32;
  int64_t qSize =
      strides(random, op.batch, op.heads, op.queries, op.head_dim, op.q_stride);
  int64_t kSize =
      strides(random, op.batch, op.kv_heads, op.keys, op.head_dim, op.k_stride);
  int64_t vSize = strides(random, op.batch, op.kv_heads, op.keys, op.value_dim,
                          op.v_stride);
  int64_t outSize = strides(random, op.batch, op.heads, op.queries,
                            op.value_dim, op.out_stride);
  random.fill(p.q = p.arena.alloc(qSize, op.q), qSize);
  random.fill(p.k = p.arena.alloc(kSize, op.k), kSize);
  random.fill(p.v = p.arena.alloc(vSize, op.v), vSize);
  p.out = p.arena.alloc(outSize, op.out);
  op.mask_kind = random.pick({VS_MASK_NONE, VS_MASK_BOOL, VS_MASK_ADD});
  if (op.mask_kind != VS_MASK_NONE) {
    // Broadcast over any of the dimensions.
    int64_t sizes[4] = {op.batch, op.heads, op.queries, op.keys}, total = 1;
    for (int dim = 4; dim-- > 0;) {
      bool spread = random.chance(0.3);
      op.mask_stride[dim] = spread ? 0 : total;
      total *= spread ? 1 : sizes[dim];
    }
    if (op.mask_kind == VS_MASK_BOOL) {
      p.maskBools = p.arena.alloc<uint8_t>(total, op.mask);
      for (int64_t i = 0; i < total; ++i)
        p.maskBools[i] = random.chance(0.7);
    } else {
      p.maskNumbers = p.arena.alloc(total, op.mask);
      for (int64_t i = 0; i < total; ++i)
        p.maskNumbers[i] = random.chance(0.2)
                               ? random.pick({-INFINITY, -3.4028235e38f})
                               : random.number();
    }
  }
  op.scratch_bytes = vs_attention_scratch_bytes(&op, 2);
  p.arena.alloc<char>(op.scratch_bytes, op.scratch);
}

void checkResult(const Problem &p) {
  const vs_attention &op = p.op;
  std::vector<double> scores(op.keys);
  for (int64_t b = 0; b < op.batch; ++b)
    for (int64_t h = 0; h < op.heads; ++h)
      for (int64_t i = 0; i < op.queries; ++i) {
        int64_t kv = h / (op.heads / op.kv_heads);
        double best = -INFINITY, total = 0;
        for (int64_t j = 0; j < op.keys; ++j) {
          double sum = 0;
          for (int64_t d = 0; d < op.head_dim; ++d)
            sum += double(p.q[b * op.q_stride[0] + h * op.q_stride[1] +
                              i * op.q_stride[2] + d]) *
                   p.k[b * op.k_stride[0] + kv * op.k_stride[1] +
                       j * op.k_stride[2] + d];
          sum *= op.scale;
          if (op.softcap > 0)
            sum = op.softcap * std::tanh(sum / op.softcap);
          int64_t at = b * op.mask_stride[0] + h * op.mask_stride[1] +
                       i * op.mask_stride[2] + j * op.mask_stride[3];
          if (p.maskBools && !p.maskBools[at])
            sum = -INFINITY;
          if (p.maskNumbers)
            sum = static_cast<float>(sum + p.maskNumbers[at]);
          if (op.causal && j > i + op.causal_offset)
            sum = -INFINITY;
          if (op.window > 0 && j <= i + op.causal_offset - op.window)
            sum = -INFINITY;
          scores[j] = sum;
          best = std::max(best, sum);
        }
        for (double &score : scores) {
          score = best == -INFINITY ? 0 : std::exp(score - best);
          total += score;
        }
        for (int64_t d = 0; d < op.value_dim; ++d) {
          double expected = 0;
          for (int64_t j = 0; j < op.keys; ++j)
            expected +=
                scores[j] * p.v[b * op.v_stride[0] + kv * op.v_stride[1] +
                                j * op.v_stride[2] + d];
          if (total > 0)
            expected /= total;
          ASSERT_NEAR(p.out[b * op.out_stride[0] + h * op.out_stride[1] +
                            i * op.out_stride[2] + d],
                      expected, 3e-6)
              << "batch " << b << " head " << h << " query " << i << " dim "
              << d;
        }
      }
}

TEST(Attention, RandomProblems) {
  for (unsigned seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    setThreadCount(1 + seed % 3);
    Problem problem;
    makeProblem(problem, seed);
    makeAttentionStep(problem.op, problem.arena.addresses)->run();
    checkResult(problem);
    if (HasFatalFailure())
      return;
  }
}

TEST(Attention, ARowWithoutKeysIsZero) {
  setThreadCount(1);
  TestArena arena;
  vs_attention op = {};
  op.batch = op.heads = op.kv_heads = 1;
  op.queries = 3;
  op.keys = 3;
  op.head_dim = op.value_dim = 4;
  op.scale = 1;
  op.causal = 1;
  op.causal_offset = -2; // only the last query sees a key
  for (int64_t *stride : {op.q_stride, op.k_stride, op.v_stride, op.out_stride})
    stride[2] = 4;
  Random random(1);
  for (vs_ref *ref : {&op.q, &op.k, &op.v})
    random.fill(arena.alloc(12, *ref), 12);
  float *out = arena.alloc(12, op.out);
  std::fill(out, out + 12, 7.0f);
  op.scratch_bytes = vs_attention_scratch_bytes(&op, 1);
  arena.alloc<char>(op.scratch_bytes, op.scratch);
  makeAttentionStep(op, arena.addresses)->run();
  const float *v = reinterpret_cast<float *>(arena.addresses.at(op.v));
  for (int i = 0; i < 8; ++i)
    EXPECT_EQ(out[i], 0.0f);
  for (int i = 0; i < 4; ++i)
    EXPECT_FLOAT_EQ(out[8 + i], v[i]);
}

// The build for the smaller instruction set, which this machine may not pick.
TEST(Attention, BothInstructionSetsAgree) {
  constexpr int64_t queries = 37, keys = 211, dim = 40;
  Random random(5);
  std::vector<float> q(queries * dim), k(keys * dim), v(keys * dim),
      out(queries * dim), expected(queries * dim);
  random.fill(q.data(), q.size());
  random.fill(k.data(), k.size());
  random.fill(v.data(), v.size());
  std::vector<float> scratch(1 << 16);
  AttentionBlock block = {};
  block.q = q.data();
  block.k = k.data();
  block.v = v.data();
  block.qStride = block.kStride = block.vStride = block.outStride = dim;
  block.queries = queries;
  block.keys = block.keyHi = keys;
  block.headDim = block.valueDim = dim;
  block.scale = 0.3f;
  block.scratch = scratch.data();
  block.out = expected.data();
  v3::attentionBlock(block);
  double sum = 0;
  for (float value : expected)
    sum += std::abs(value);
  EXPECT_GT(sum, 1.0);
  if (!__builtin_cpu_supports("avx512f"))
    GTEST_SKIP() << "this CPU has no AVX-512";
  block.out = out.data();
  v4::attentionBlock(block);
  for (size_t i = 0; i < out.size(); ++i)
    ASSERT_NEAR(out[i], expected[i], 1e-6);
}

} // namespace
