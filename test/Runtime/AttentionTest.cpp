// Attention against a softmax in double, over random shapes, strides, masks.
#include "runtime/kernels/AttentionBlock.h"
#include "test/Runtime/AttentionTesting.h"

using namespace vescale::runtime;

namespace {

void checkResult(const AttentionProblem &p) {
  const vs_attention &op = p.op;
  std::vector<double> scores(op.keys);
  for (int64_t b = 0; b < op.batch; ++b)
    for (int64_t h = 0; h < op.heads; ++h)
      for (int64_t i = 0; i < op.queries; ++i) {
        int64_t kv = h / (op.heads / op.kv_heads);
        double best = -INFINITY, total = 0;
        for (int64_t j = 0; j < op.keys; ++j) {
          scores[j] = scoreOf(p, b, h, i, j).value;
          best = std::max(best, scores[j]);
        }
        for (double &score : scores) {
          score = best == -INFINITY ? 0 : std::exp(score - best);
          total += score;
        }
        if (op.has_lse) {
          float lse = p.lse[(b * op.heads + h) * op.queries + i];
          double expected = total > 0 ? best + std::log(total) : -INFINITY;
          if (std::isinf(expected) || std::abs(expected) > 1e30)
            ASSERT_EQ(lse, static_cast<float>(expected));
          else
            ASSERT_NEAR(lse, expected, 3e-6);
        }
        for (int64_t d = 0; d < op.value_dim; ++d) {
          double expected = 0;
          for (int64_t j = 0; j < op.keys; ++j)
            expected += scores[j] *
                        keptOf(p, (b * op.heads + h) * op.queries + i, j) *
                        p.v[b * op.v_stride[0] + kv * op.v_stride[1] +
                            j * op.v_stride[2] + d];
          if (total > 0)
            expected /= total;
          ASSERT_NEAR(p.out[b * op.out_stride[0] + h * op.out_stride[1] +
                            i * op.out_stride[2] + d],
                      expected, 3e-6 * std::fmax(op.drop.scale, 1))
              << "batch " << b << " head " << h << " query " << i << " dim "
              << d;
        }
      }
}

TEST(Attention, RandomProblems) {
  for (unsigned seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    setThreadCount(1 + seed % 3);
    AttentionProblem problem;
    makeProblem(problem, seed);
    makeAttentionStep(problem.op, problem.arena.addresses)->run();
    checkResult(problem);
    if (HasFatalFailure())
      return;
  }
}

// A query's result and lse, whichever queries, heads and batch elements are in
// the call with it, on however many threads.
TEST(Attention, WhatIsBesideAQueryDoesNotChangeItsBits) {
  for (unsigned seed = 300; seed < 360; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    AttentionProblem problem;
    makeProblem(problem, seed);
    vs_attention op = problem.op;
    setThreadCount(2);
    makeAttentionStep(op, problem.arena.addresses)->run();
    std::vector<float> out, lse;
    auto visit = [&](auto body) {
      for (int64_t b = 0; b < op.batch; ++b)
        for (int64_t h = 0; h < op.heads; ++h)
          for (int64_t i = 0; i < op.queries; ++i)
            body(b, h, i);
    };
    auto rowOf = [&](int64_t b, int64_t h, int64_t i) {
      return problem.out + b * op.out_stride[0] + h * op.out_stride[1] +
             i * op.out_stride[2];
    };
    visit([&](int64_t b, int64_t h, int64_t i) {
      float *row = rowOf(b, h, i);
      out.insert(out.end(), row, row + op.value_dim);
      std::fill(row, row + op.value_dim, 7.0f);
    });
    int64_t rows = op.batch * op.heads * op.queries;
    if (op.has_lse)
      lse.assign(problem.lse, problem.lse + rows);
    // Each head alone, its queries in two parts.
    Random random(seed);
    int64_t cut = random.between(0, op.queries);
    setThreadCount(1);
    for (int64_t b = 0; b < op.batch; ++b)
      for (int64_t h = 0; h < op.heads; ++h)
        for (auto [begin, end] : {std::pair<int64_t, int64_t>(0, cut),
                                  std::pair(cut, op.queries)}) {
          vs_attention part = op;
          int64_t kv = h / (op.heads / op.kv_heads);
          part.batch = part.heads = part.kv_heads = 1;
          part.queries = end - begin;
          part.causal_offset += begin;
          auto move = [&](vs_ref &ref, const int64_t *strides, int64_t head,
                          int64_t row, int64_t bytes) {
            ref.offset +=
                (b * strides[0] + head * strides[1] + row * strides[2]) * bytes;
          };
          move(part.q, op.q_stride, h, begin, 4);
          move(part.k, op.k_stride, kv, 0, 4);
          move(part.v, op.v_stride, kv, 0, 4);
          move(part.out, op.out_stride, h, begin, 4);
          move(part.mask, op.mask_stride, h, begin,
               op.mask_kind == VS_MASK_BOOL ? 1 : 4);
          int64_t query = (b * op.heads + h) * op.queries + begin;
          part.lse.offset += query * 4;
          part.drop.counters.offset += query * 8;
          makeAttentionStep(part, problem.arena.addresses)->run();
        }
    auto expected = out.begin();
    visit([&](int64_t b, int64_t h, int64_t i) {
      ASSERT_EQ(std::memcmp(rowOf(b, h, i), &*expected, op.value_dim * 4), 0);
      expected += op.value_dim;
    });
    if (op.has_lse)
      ASSERT_EQ(std::memcmp(lse.data(), problem.lse, rows * 4), 0);
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
