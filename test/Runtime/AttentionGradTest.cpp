// The gradient of attention against sums in double, over random shapes,
// strides, masks.
#include "runtime/kernels/AttentionGradBlock.h"
#include "test/Runtime/AttentionTesting.h"

using namespace vescale::runtime;

namespace {

/// An operand or a gradient: batch × heads × rows of features.
struct Rows {
  float *at;
  const int64_t *strides;
  float &operator()(int64_t b, int64_t h, int64_t i, int64_t d) const {
    return at[b * strides[0] + h * strides[1] + i * strides[2] + d];
  }
};

struct GradProblem {
  AttentionProblem forward;
  vs_attention_grad op = {};
  Rows outGrad, qGrad, kGrad, vGrad;
  float *lse, *delta;
  int64_t qSize, kSize, vSize; // of the gradients
};

void makeProblem(GradProblem &p, unsigned seed) {
  makeProblem(p.forward, seed);
  Random random(seed + 1000);
  const vs_attention &from = p.forward.op;
  vs_attention_grad &op = p.op;
  TestArena &arena = p.forward.arena;
  op.q = from.q;
  op.k = from.k;
  op.v = from.v;
  op.mask = from.mask;
  op.batch = from.batch;
  op.heads = from.heads;
  op.kv_heads = from.kv_heads;
  op.queries = from.queries;
  op.keys = from.keys;
  op.head_dim = from.head_dim;
  op.value_dim = from.value_dim;
  op.scale = from.scale;
  op.softcap = from.softcap;
  op.causal_offset = from.causal_offset;
  op.window = from.window;
  op.causal = from.causal;
  op.mask_kind = from.mask_kind;
  op.drop = from.drop;
  std::copy(from.q_stride, from.q_stride + 3, op.q_stride);
  std::copy(from.k_stride, from.k_stride + 3, op.k_stride);
  std::copy(from.v_stride, from.v_stride + 3, op.v_stride);
  std::copy(from.mask_stride, from.mask_stride + 4, op.mask_stride);
  auto place = [&](Rows &rows, vs_ref &ref, int64_t *stride, int64_t heads,
                   int64_t count, int64_t features) {
    int64_t size = strides(random, op.batch, heads, count, features, stride);
    rows = {arena.alloc(size, ref), stride};
    random.fill(rows.at, size);
    return size;
  };
  place(p.outGrad, op.out_grad, op.out_grad_stride, op.heads, op.queries,
        op.value_dim);
  p.qSize = place(p.qGrad, op.q_grad, op.q_grad_stride, op.heads, op.queries,
                  op.head_dim);
  p.kSize = place(p.kGrad, op.k_grad, op.k_grad_stride, op.kv_heads, op.keys,
                  op.head_dim);
  p.vSize = place(p.vGrad, op.v_grad, op.v_grad_stride, op.kv_heads, op.keys,
                  op.value_dim);
  int64_t queries = op.batch * op.heads * op.queries;
  p.lse = arena.alloc(queries, op.lse);
  p.delta = arena.alloc(queries, op.delta);
  random.fill(p.delta, queries);
  for (int64_t row = 0; row < queries; ++row) {
    // Attention's own, so that weights are of a size.
    std::vector<double> scores(op.keys);
    double best = -INFINITY, total = 0;
    for (int64_t j = 0; j < op.keys; ++j) {
      scores[j] = scoreOf(p.forward, row / op.queries / op.heads,
                          row / op.queries % op.heads, row % op.queries, j)
                      .value;
      best = std::max(best, scores[j]);
    }
    for (double score : scores)
      total += best == -INFINITY ? 0 : std::exp(score - best);
    p.lse[row] = static_cast<float>(total > 0 ? best + std::log(total) : best);
  }
  op.scratch_bytes = vs_attention_grad_scratch_bytes(&op, 3);
  arena.alloc<char>(op.scratch_bytes, op.scratch);
}

/// A sum and that of its terms' sizes, which bounds its rounding.
struct Sum {
  double value = 0, size = 0;
  void add(double term) {
    value += term;
    size += std::abs(term);
  }
};

void checkNear(float actual, const Sum &expected, const char *what) {
  ASSERT_NEAR(actual, expected.value, 1e-6 + 4e-6 * expected.size) << what;
}

void checkResult(const GradProblem &p) {
  const vs_attention_grad &op = p.op;
  const AttentionProblem &f = p.forward;
  Rows q{f.q, op.q_stride}, k{f.k, op.k_stride}, v{f.v, op.v_stride};
  int64_t group = op.heads / op.kv_heads;
  for (int64_t b = 0; b < op.batch; ++b)
    for (int64_t kv = 0; kv < op.kv_heads; ++kv) {
      std::vector<Sum> kSums(op.keys * op.head_dim),
          vSums(op.keys * op.value_dim);
      for (int64_t h = kv * group; h < (kv + 1) * group; ++h)
        for (int64_t i = 0; i < op.queries; ++i) {
          std::vector<Sum> qSums(op.head_dim);
          int64_t row = (b * op.heads + h) * op.queries + i;
          for (int64_t j = 0; j < op.keys; ++j) {
            AttentionScore score = scoreOf(f, b, h, i, j);
            if (score.value == -INFINITY)
              continue;
            double weight = std::exp(score.value - p.lse[row]), product = 0;
            double kept = keptOf(f, row, j);
            for (int64_t d = 0; d < op.value_dim; ++d) {
              product += double(p.outGrad(b, h, i, d)) * v(b, kv, j, d);
              vSums[j * op.value_dim + d].add(weight * kept *
                                              p.outGrad(b, h, i, d));
            }
            product *= kept;
            double grad = weight * (product - p.delta[row]) * op.scale *
                          (1 - score.bent * score.bent);
            for (int64_t d = 0; d < op.head_dim; ++d) {
              qSums[d].add(grad * k(b, kv, j, d));
              kSums[j * op.head_dim + d].add(grad * q(b, h, i, d));
            }
          }
          for (int64_t d = 0; d < op.head_dim; ++d)
            checkNear(p.qGrad(b, h, i, d), qSums[d], "query");
        }
      for (int64_t j = 0; j < op.keys; ++j) {
        for (int64_t d = 0; d < op.head_dim; ++d)
          checkNear(p.kGrad(b, kv, j, d), kSums[j * op.head_dim + d], "key");
        for (int64_t d = 0; d < op.value_dim; ++d)
          checkNear(p.vGrad(b, kv, j, d), vSums[j * op.value_dim + d], "value");
      }
    }
}

TEST(AttentionGrad, RandomProblems) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    setThreadCount(1 + seed % 3);
    GradProblem problem;
    makeProblem(problem, seed);
    makeAttentionGradStep(problem.op, problem.forward.arena.addresses)->run();
    checkResult(problem);
    if (HasFatalFailure())
      return;
  }
}

TEST(AttentionGrad, ThreadsDoNotChangeBits) {
  for (unsigned seed = 200; seed < 210; ++seed) {
    GradProblem problem;
    makeProblem(problem, seed);
    std::vector<float> grads[2];
    for (int turn : {0, 1}) {
      setThreadCount(1 + 2 * turn);
      makeAttentionGradStep(problem.op, problem.forward.arena.addresses)->run();
      for (auto [at, size] : {std::pair(problem.qGrad.at, problem.qSize),
                              std::pair(problem.kGrad.at, problem.kSize),
                              std::pair(problem.vGrad.at, problem.vSize)})
        grads[turn].insert(grads[turn].end(), at, at + size);
    }
    EXPECT_EQ(std::memcmp(grads[0].data(), grads[1].data(),
                          grads[0].size() * sizeof(float)),
              0);
  }
}

TEST(AttentionGrad, TooLittleScratchIsRefused) {
  setThreadCount(1);
  GradProblem problem;
  makeProblem(problem, 1);
  problem.op.scratch_bytes = 64;
  EXPECT_ANY_THROW(
      makeAttentionGradStep(problem.op, problem.forward.arena.addresses));
}

// The build for the smaller instruction set, which this machine may not pick.
TEST(AttentionGrad, BothInstructionSetsAgree) {
  constexpr int64_t queries = 37, keys = 211, dim = 40;
  Random random(5);
  auto rows = [&](int64_t count) {
    std::vector<float> numbers(count * dim);
    random.fill(numbers.data(), numbers.size());
    return numbers;
  };
  std::vector<float> q = rows(queries), k = rows(keys), v = rows(keys),
                     outGrad = rows(queries), scratch(1 << 17);
  std::vector<float> lse(queries, 5.0f), delta(queries, 0.1f);
  auto run = [&](void (*kernel)(const AttentionGradBlock &)) {
    std::vector<float> grads((queries + 2 * keys) * dim);
    AttentionGradBlock block = {};
    block.q = {q.data(), 0, dim};
    block.k = {k.data(), 0, dim};
    block.v = {v.data(), 0, dim};
    block.outGrad = {outGrad.data(), 0, dim};
    block.qGrad = {grads.data(), 0, dim};
    block.kGrad = {grads.data() + queries * dim, 0, dim};
    block.vGrad = {grads.data() + (queries + keys) * dim, 0, dim};
    block.lse = lse.data();
    block.delta = delta.data();
    block.heads = 1;
    block.queries = queries;
    block.keys = keys;
    block.headDim = block.valueDim = dim;
    block.scale = 0.3f;
    block.scratch = scratch.data();
    kernel(block);
    return grads;
  };
  std::vector<float> expected = run(v3::attentionGradBlock);
  double sum = 0;
  for (float value : expected)
    sum += std::abs(value);
  EXPECT_GT(sum, 1.0);
  if (!__builtin_cpu_supports("avx512f"))
    GTEST_SKIP() << "this CPU has no AVX-512";
  std::vector<float> actual = run(v4::attentionGradBlock);
  for (size_t i = 0; i < actual.size(); ++i)
    ASSERT_NEAR(actual[i], expected[i], 1e-5);
}

} // namespace
