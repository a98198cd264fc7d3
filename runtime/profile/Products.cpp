// Matrix products to be timed.
#include "runtime/profile/Products.h"

#include "runtime/core/DType.h"
#include "runtime/core/Error.h"
#include "runtime/core/Threads.h"
#include "runtime/kernels/Blocking.h"
#include "runtime/kernels/sizes.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace vescale::runtime {
namespace {

constexpr int64_t rowSizes[] = {1, 4, 16, 64, 256, 1024};
constexpr int64_t columnSizes[] = {64, 256, 1024, 4096};
// Larger products run at the rate of these.
constexpr double mostFlops = 2.5e9;

} // namespace

vs_gemm makeGemm(vs_dtype dtype, Layout layout, int64_t batch, int64_t m,
                 int64_t n, int64_t k, int64_t &bytes) {
  int64_t elementBytes = dtypeBytes(dtype);
  vs_gemm op = {};
  op.m = m;
  op.n = n;
  op.k = k;
  op.batch[0] = batch;
  op.batch[1] = 1;
  op.a_batch_stride[0] = m * k;
  op.b_batch_stride[0] = k * n;
  op.c_batch_stride[0] = m * n;
  op.transpose_a = layout == LeftTransposed;
  op.transpose_b = layout == RightTransposed;
  op.lda = op.transpose_a ? m : k;
  op.ldb = op.transpose_b ? k : n;
  op.ldc = n;
  op.dtype = op.result_dtype = dtype;
  bytes = 0;
  auto place = [&](vs_ref &ref, int64_t size) {
    ref = {VS_ARENA, 0, bytes};
    bytes += roundUp(size, 64);
  };
  place(op.a, batch * m * k * elementBytes);
  place(op.b, batch * k * n * elementBytes);
  place(op.c, batch * m * n * elementBytes);
  op.scratch_bytes = vs_gemm_scratch_bytes(&op, threadCount());
  place(op.scratch, op.scratch_bytes);
  return op;
}

std::vector<Products::Shape> Products::shapes(int64_t largest) {
  std::vector<Shape> result;
  auto add = [&](Shape shape) {
    if (std::max({shape.m, shape.n, shape.k}) <= largest &&
        shape.flops() <= mostFlops)
      result.push_back(shape);
  };
  for (int64_t m : rowSizes)
    for (int64_t n : columnSizes)
      for (int64_t k : columnSizes)
        add({1, m, n, k});
  // Narrow or shallow ones, as of few features.
  for (int64_t m : {64, 1024})
    for (auto [n, k] : {std::pair<int64_t, int64_t>{16, 16},
                        {16, 64},
                        {64, 16},
                        {16, 256},
                        {256, 16}})
      add({1, m, n, k});
  // Heads of attention that is no single kernel.
  for (int64_t length : {64, 256})
    add({16, length, length, 64});
  return result;
}

Products::Products(Rounds &rounds, int64_t largest) {
  int64_t most = 0;
  for (const Shape &s : shapes(largest))
    for (Layout layout : {Plain, RightTransposed, LeftTransposed}) {
      int64_t bytes;
      makeGemm(VS_F32, layout, s.batch, s.m, s.n, s.k, bytes);
      most = std::max(most, bytes);
      makeGemm(VS_BF16, layout, s.batch, s.m, s.n, s.k, bytes);
      most = std::max(most, bytes);
    }
  arena = std::make_unique<Arena>(most);
  addresses.arena = arena->data();
  // Ones of small magnitude in either type.
  for (int64_t i = 0; i < most / 4; ++i)
    reinterpret_cast<uint32_t *>(arena->data())[i] = 0x3f803f80;
  for (const Shape &shape : shapes(largest))
    add(rounds, VS_F32, "f32", shape);
  try {
    for (const Shape &shape : shapes(largest))
      add(rounds, VS_BF16, "bf16", shape);
  } catch (const Failure &) {
    // A processor without products of bf16; programs are refused there too.
    samples.erase(std::remove_if(samples.begin(), samples.end(),
                                 [](const Sample &sample) {
                                   return std::strcmp(sample.type, "bf16") == 0;
                                 }),
                  samples.end());
  }
}

void Products::add(Rounds &rounds, vs_dtype dtype, const char *type,
                   const Shape &shape) {
  Sample sample{type, shape, {}};
  for (Layout layout : {Plain, RightTransposed, LeftTransposed}) {
    int64_t bytes;
    vs_gemm op =
        makeGemm(dtype, layout, shape.batch, shape.m, shape.n, shape.k, bytes);
    steps.push_back(makeGemmStep(op, addresses, nullptr));
    Step *step = steps.back().get();
    sample.subjects[layout] =
        rounds.add({cat(type, " product ", shape.m, "x", shape.k, "x", shape.n),
                    [step] { step->run(); }});
  }
  samples.push_back(sample);
}

double Products::microseconds(const Rounds &rounds,
                              const Sample &sample) const {
  double product = 1;
  for (size_t subject : sample.subjects)
    product *= rounds.microseconds(subject);
  return std::cbrt(product);
}

nlohmann::json Products::gemms(const Rounds &rounds) const {
  nlohmann::json result;
  for (const Sample &sample : samples)
    result[sample.type].push_back({{"batch", sample.shape.batch},
                                   {"m", sample.shape.m},
                                   {"n", sample.shape.n},
                                   {"k", sample.shape.k},
                                   {"us", microseconds(rounds, sample)}});
  return result;
}

nlohmann::json Products::peaks(const Rounds &rounds) const {
  std::map<std::string, double> best;
  for (const Sample &sample : samples)
    for (size_t subject : sample.subjects)
      best[sample.type] =
          std::max(best[sample.type],
                   1e6 * sample.shape.flops() / rounds.microseconds(subject));
  return best;
}

} // namespace vescale::runtime
