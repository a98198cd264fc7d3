// Sums of rows at given places, over random shapes, in the order of the
// updates.
#include "test/Runtime/KernelTesting.h"

using namespace vescale::runtime;

namespace {

/// The tree over `leaves` sums of the updates from `first` on that go to `row`.
template <typename Index>
float treeSum(const vs_scatter_add &op, const Index *indices,
              const float *updates, int64_t row, int64_t first, int64_t count,
              int64_t leaves) {
  if (leaves > 1)
    return treeSum(op, indices, updates, row, first, count / 2, leaves / 2) +
           treeSum(op, indices, updates, row, first + count / 2, count / 2,
                   leaves / 2);
  float sum = 0;
  for (int64_t j = first; j < first + count; ++j)
    if ((indices[j] < 0 ? indices[j] + op.rows : indices[j]) == row)
      sum += updates[j * op.inner];
  return sum;
}

template <typename Index>
void check(unsigned seed, vs_dtype type, bool hasLeaves = false) {
  Random random(seed);
  TestArena arena;
  vs_scatter_add op = {};
  op.outer = random.between(1, 3);
  op.rows = random.between(1, 40);
  op.count = random.pick<int64_t>({0, 1, 7, random.between(1, 200)});
  if (hasLeaves) {
    op.leaves = int64_t(1) << random.between(0, 5);
    op.count = op.leaves * random.between(1, 9);
  }
  op.inner = random.pick<int64_t>({1, 5, 64, 65, random.between(1, 300)});
  op.index_dtype = type;
  Index *indices = arena.alloc<Index>(op.count, op.indices);
  for (int64_t j = 0; j < op.count; ++j)
    indices[j] = static_cast<Index>(random.between(-op.rows, op.rows - 1));
  float *updates = arena.alloc(op.outer * op.count * op.inner, op.updates);
  random.fill(updates, op.outer * op.count * op.inner);
  float *result = arena.alloc(op.outer * op.rows * op.inner, op.result);
  random.fill(result, op.outer * op.rows * op.inner);
  op.scratch_bytes = vs_scatter_add_scratch_bytes(&op);
  if (op.scratch_bytes)
    arena.alloc<char>(op.scratch_bytes, op.scratch);
  std::vector<float> expected(op.outer * op.rows * op.inner);
  for (int64_t o = 0; hasLeaves && o < op.outer; ++o)
    for (int64_t row = 0; row < op.rows; ++row)
      for (int64_t i = 0; i < op.inner; ++i)
        expected[(o * op.rows + row) * op.inner + i] =
            treeSum(op, indices, updates + o * op.count * op.inner + i, row, 0,
                    op.count, op.leaves);
  for (int64_t o = 0; o < op.outer; ++o)
    for (int64_t j = 0; !hasLeaves && j < op.count; ++j)
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
      check<int32_t>(seed, VS_I32, /*hasLeaves=*/seed % 3 == 0);
    else
      check<int64_t>(seed, VS_I64, /*hasLeaves=*/seed % 3 == 0);
    if (HasFatalFailure())
      return;
  }
}

} // namespace
