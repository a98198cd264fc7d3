// Sums of rows at given places, over random shapes, in the order of the
// updates.
#include "test/Runtime/KernelTesting.h"

using namespace vescale::runtime;

namespace {

template <typename Index> void check(unsigned seed, vs_dtype type) {
  Random random(seed);
  TestArena arena;
  vs_scatter_add op = {};
  op.outer = random.between(1, 3);
  op.rows = random.between(1, 40);
  op.count = random.pick<int64_t>({0, 1, 7, random.between(1, 200)});
  op.inner = random.pick<int64_t>({1, 5, 64, 65, random.between(1, 300)});
  op.index_dtype = type;
  Index *indices = arena.alloc<Index>(op.count, op.indices);
  for (int64_t j = 0; j < op.count; ++j)
    indices[j] = static_cast<Index>(random.between(-op.rows, op.rows - 1));
  float *updates = arena.alloc(op.outer * op.count * op.inner, op.updates);
  random.fill(updates, op.outer * op.count * op.inner);
  float *result = arena.alloc(op.outer * op.rows * op.inner, op.result);
  random.fill(result, op.outer * op.rows * op.inner);
  std::vector<float> expected(op.outer * op.rows * op.inner);
  for (int64_t o = 0; o < op.outer; ++o)
    for (int64_t j = 0; j < op.count; ++j)
      for (int64_t i = 0; i < op.inner; ++i) {
        int64_t row = indices[j] < 0 ? indices[j] + op.rows : indices[j];
        expected[(o * op.rows + row) * op.inner + i] +=
            updates[(o * op.count + j) * op.inner + i];
      }
  makeScatterAddStep(op, arena.addresses)->run();
  for (size_t i = 0; i < expected.size(); ++i)
    ASSERT_EQ(result[i], expected[i]);
}

TEST(ScatterAdd, RandomProblems) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    setThreadCount(1 + seed % 3);
    if (seed % 2)
      check<int32_t>(seed, VS_I32);
    else
      check<int64_t>(seed, VS_I64);
    if (HasFatalFailure())
      return;
  }
}

} // namespace
