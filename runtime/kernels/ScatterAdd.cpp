// Sums of rows at given places of a table. The threads share out columns: each
// adds all updates of its columns in order, so that the bits are the same
// however many threads there are.
#include "runtime/core/Error.h"
#include "runtime/core/Threads.h"
#include "runtime/kernels/Step.h"

#include <algorithm>
#include <cstring>

namespace vescale::runtime {
namespace {

template <typename Index> class ScatterAddStep : public Step {
public:
  ScatterAddStep(const vs_scatter_add &op, const Addresses &addresses)
      : op(op), indices(reinterpret_cast<Index *>(addresses.at(op.indices))),
        updates(reinterpret_cast<float *>(addresses.at(op.updates))),
        result(reinterpret_cast<float *>(addresses.at(op.result))) {}

  void run() override {
    // A cache line at least; wide enough to be worth the walk over indices.
    constexpr int64_t columns = 64;
    int64_t slabs = (op.inner + columns - 1) / columns;
    parallelItems(op.outer * slabs, threadCount(), [&](int64_t item, int) {
      int64_t begin = item % slabs * columns;
      addColumns(item / slabs, begin, std::min(columns, op.inner - begin));
    });
  }

private:
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
