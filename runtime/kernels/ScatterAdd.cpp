// Sums of rows at given places of a table. The threads share out columns: each
// adds all updates of its columns in order, so that the bits are the same
// however many threads there are.
//
// With leaves the updates are sorted by their places first. The sums of a place
// that are complete subtrees wait, one of a size, as the digits of a binary
// counter do; leaves without updates of the place are sums of nothing.
#include "runtime/core/Error.h"
#include "runtime/core/Threads.h"
#include "runtime/kernels/Step.h"
#include "runtime/kernels/sizes.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace vescale::runtime {
namespace {

template <typename Index> class ScatterAddStep : public Step {
public:
  ScatterAddStep(const vs_scatter_add &op, const Addresses &addresses)
      : op(op), indices(reinterpret_cast<Index *>(addresses.at(op.indices))),
        updates(reinterpret_cast<float *>(addresses.at(op.updates))),
        result(reinterpret_cast<float *>(addresses.at(op.result))),
        order(reinterpret_cast<int64_t *>(addresses.at(op.scratch))) {
    if (op.scratch_bytes < vs_scatter_add_scratch_bytes(&op))
      fail(ExitCode::RunFailed, "sums at indices in one order need ",
           vs_scatter_add_scratch_bytes(&op),
           " bytes of scratch, the program gives ", op.scratch_bytes);
  }

  void run() override {
    if (op.leaves > 0)
      sortUpdates();
    int64_t slabs = (op.inner + columns - 1) / columns;
    parallelItems(op.outer * slabs, threadCount(), [&](int64_t item, int) {
      int64_t begin = item % slabs * columns;
      int64_t count = std::min(columns, op.inner - begin);
      if (op.leaves > 0)
        addTrees(item / slabs, begin, count);
      else
        addColumns(item / slabs, begin, count);
    });
  }

private:
  /// A cache line at least; wide enough to be worth the walk over indices.
  static constexpr int64_t columns = 64;

  int64_t rowOf(int64_t update) const {
    return indices[update] < 0 ? indices[update] + op.rows : indices[update];
  }

  void sortUpdates() {
    std::iota(order, order + op.count, int64_t(0));
    std::sort(order, order + op.count, [&](int64_t x, int64_t y) {
      int64_t rowX = rowOf(x), rowY = rowOf(y);
      return rowX != rowY ? rowX < rowY : x < y;
    });
  }

  /// Sums of a balanced tree's leaves, which come in order; absent ones are
  /// zeros.
  class Tree {
  public:
    explicit Tree(int64_t count) : count(count) {}

    /// Zeros, to which the sum of a leaf that comes next is added.
    float *next(int64_t leaf) {
      // What meets before the leaf meets it is complete.
      while (size > 1 &&
             (leaves[size - 2] ^ leaves[size - 1]) < (leaves[size - 1] ^ leaf))
        merge();
      leaves[size] = leaf;
      std::fill_n(sums[size], count, 0.0f);
      return sums[size++];
    }

    const float *root() {
      while (size > 1)
        merge();
      return sums[0];
    }

  private:
    void merge() {
      --size;
      for (int64_t i = 0; i < count; ++i)
        sums[size - 1][i] += sums[size][i];
      leaves[size - 1] = leaves[size];
    }

    int64_t count;
    int size = 0;
    int64_t leaves[64]; // the last of each sum
    float sums[64][columns];
  };

  void addTrees(int64_t outer, int64_t begin, int64_t count) {
    float *table = result + outer * op.rows * op.inner + begin;
    const float *terms = updates + outer * op.count * op.inner + begin;
    for (int64_t row = 0; row < op.rows; ++row)
      std::memset(table + row * op.inner, 0, count * sizeof(float));
    int64_t length = op.count / op.leaves;
    for (int64_t j = 0; j < op.count;) {
      int64_t row = rowOf(order[j]);
      Tree tree(count);
      while (j < op.count && rowOf(order[j]) == row) {
        int64_t leaf = order[j] / length;
        float *sum = tree.next(leaf);
        for (; j < op.count && rowOf(order[j]) == row &&
               order[j] / length == leaf;
             ++j)
          for (int64_t i = 0; i < count; ++i)
            sum[i] += terms[order[j] * op.inner + i];
      }
      std::memcpy(table + row * op.inner, tree.root(), count * sizeof(float));
    }
  }

  void addColumns(int64_t outer, int64_t begin, int64_t count) {
    float *table = result + outer * op.rows * op.inner + begin;
    for (int64_t row = 0; row < op.rows; ++row)
      std::memset(table + row * op.inner, 0, count * sizeof(float));
    const float *terms = updates + outer * op.count * op.inner + begin;
    for (int64_t j = 0; j < op.count; ++j) {
      int64_t row = indices[j] < 0 ? indices[j] + op.rows : indices[j];
      float *sum = table + row * op.inner;
      const float *term = terms + j * op.inner;
      for (int64_t i = 0; i < count; ++i)
        sum[i] += term[i];
    }
  }

  vs_scatter_add op;
  const Index *indices;
  const float *updates;
  float *result;
  int64_t *order; // of the updates by their places
};

} // namespace

std::unique_ptr<Step> makeScatterAddStep(const vs_scatter_add &scatter,
                                         const Addresses &addresses) {
  if (scatter.dtype != VS_F32)
    fail(ExitCode::RunFailed, "sums at indices are made of f32 only");
  if (scatter.index_dtype == VS_I64)
    return std::make_unique<ScatterAddStep<int64_t>>(scatter, addresses);
  if (scatter.index_dtype == VS_I32)
    return std::make_unique<ScatterAddStep<int32_t>>(scatter, addresses);
  fail(ExitCode::RunFailed, "sums at indices need i32 or i64 indices");
}

} // namespace vescale::runtime
