// Random problems of attention and its scores in double, for the tests of
// attention and of its gradient.
#ifndef VESCALE_TEST_RUNTIME_ATTENTIONTESTING_H
#define VESCALE_TEST_RUNTIME_ATTENTIONTESTING_H

#include "runtime/core/Philox.h"
#include "test/Runtime/KernelTesting.h"

namespace vescale::runtime {

struct AttentionProblem {
  vs_attention op = {};
  TestArena arena;
  float *q, *k, *v, *out, *lse;
  float *maskNumbers = nullptr;
  uint8_t *maskBools = nullptr;
  int64_t *counters = nullptr; // null: nothing is dropped
  int64_t step = 0;
};

/// Random strides for [batch, heads, rows] of `dim`, in one of the orders that
/// models use; returns the number of elements.
inline int64_t strides(Random &random, int64_t batch, int64_t heads,
                       int64_t rows, int64_t dim, int64_t *out) {
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

inline void makeProblem(AttentionProblem &p, unsigned seed) {
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
  if (random.chance(0.4)) {
    int64_t rows = op.batch * op.heads * op.queries;
    p.counters = p.arena.alloc<int64_t>(rows, op.drop.counters);
    int64_t first = random.between(0, 1000) << 32;
    int64_t length = random.chance(0.7) ? (op.keys + 63) / 64 * 64 : op.keys;
    for (int64_t row = 0; row < rows; ++row)
      p.counters[row] = first + row * length;
    p.step = *p.arena.alloc<int64_t>(1, op.drop.step) = random.between(0, 99);
    op.drop.seed = random.between(0, 1 << 30) * int64_t(1234567891011);
    op.drop.site = random.between(0, 9);
    op.drop.threshold = random.pick<uint32_t>({0, 429496730, 3000000000});
    op.drop.scale = random.pick({1.0f, 1.25f, 3.0f});
  }
  op.has_lse = random.chance(0.5);
  if (op.has_lse)
    p.lse = p.arena.alloc(op.batch * op.heads * op.queries, op.lse);
  op.scratch_bytes = vs_attention_scratch_bytes(&op, 2);
  p.arena.alloc<char>(op.scratch_bytes, op.scratch);
}

/// A score, and tanh of the one before mask and softcap over the softcap.
struct AttentionScore {
  double value, bent;
};

inline AttentionScore scoreOf(const AttentionProblem &p, int64_t b, int64_t h,
                              int64_t i, int64_t j) {
  const vs_attention &op = p.op;
  int64_t kv = h / (op.heads / op.kv_heads);
  double sum = 0, bent = 0;
  for (int64_t d = 0; d < op.head_dim; ++d)
    sum +=
        double(p.q[b * op.q_stride[0] + h * op.q_stride[1] +
                   i * op.q_stride[2] + d]) *
        p.k[b * op.k_stride[0] + kv * op.k_stride[1] + j * op.k_stride[2] + d];
  sum *= op.scale;
  if (op.softcap > 0) {
    bent = std::tanh(sum / op.softcap);
    sum = op.softcap * bent;
  }
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
  return {sum, bent};
}

/// What the weight of a key counts: 0 where it is dropped.
inline double keptOf(const AttentionProblem &p, int64_t row, int64_t j) {
  if (!p.counters)
    return 1;
  const vs_drop &drop = p.op.drop;
  uint32_t word = drawWord(p.counters[row] + j, drop.seed,
                           static_cast<uint32_t>(p.step), drop.site);
  return word >= drop.threshold ? drop.scale : 0;
}

} // namespace vescale::runtime

#endif // VESCALE_TEST_RUNTIME_ATTENTIONTESTING_H
