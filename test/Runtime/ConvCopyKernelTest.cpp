// Convolution, strided copies and generated kernels against plain loops.
#include "test/Runtime/KernelTesting.h"

#include <atomic>

using namespace vescale::runtime;

namespace {

void addOne(void *const *buffers, const int64_t *lo, const int64_t *hi,
            const int64_t *env) {
  auto *data = static_cast<float *>(buffers[0]);
  for (int64_t i = lo[0]; i < hi[0]; ++i)
    for (int64_t j = lo[1]; j < hi[1]; ++j)
      data[i * env[0] + j] += 1;
}

void checkConv(unsigned seed) {
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  setThreadCount(random.pick({1, 2, 3}));
  TestArena arena;
  vs_conv op = {};
  op.spatial_dims = static_cast<int32_t>(random.between(1, 3));
  op.dtype = VS_F32;
  op.n = random.between(1, 3);
  op.groups = random.pick<int64_t>({1, 1, 2, 4});
  op.c = op.groups * random.between(1, 4);
  op.o = op.groups * random.between(1, 5);
  int64_t inPlane = 1, outPlane = 1, taps = 1;
  int64_t in[3] = {1, 1, 1}, out[3] = {1, 1, 1}, window[3] = {1, 1, 1};
  int64_t stride[3] = {1, 1, 1}, dilation[3] = {1, 1, 1}, pad[3] = {0, 0, 0};
  for (int i = 0; i < op.spatial_dims; ++i) {
    op.window[i] = random.between(1, 4);
    op.strides[i] = random.between(1, 3);
    op.dilations[i] = random.between(1, 2);
    op.pad_low[i] = random.between(0, 2);
    op.pad_high[i] = random.between(0, 2);
    int64_t reach = op.dilations[i] * (op.window[i] - 1) + 1;
    op.in_size[i] = reach + random.between(0, op.spatial_dims == 1 ? 300 : 12);
    op.out_size[i] = (op.in_size[i] + op.pad_low[i] + op.pad_high[i] - reach) /
                         op.strides[i] +
                     1;
    inPlane *= op.in_size[i];
    outPlane *= op.out_size[i];
    taps *= op.window[i];
    int at = 3 - op.spatial_dims + i;
    in[at] = op.in_size[i];
    out[at] = op.out_size[i];
    window[at] = op.window[i];
    stride[at] = op.strides[i];
    dilation[at] = op.dilations[i];
    pad[at] = op.pad_low[i];
  }
  int64_t channels = op.c / op.groups, results = op.o / op.groups;
  float *input = arena.alloc(op.n * op.c * inPlane, op.input);
  float *weight = arena.alloc(op.o * channels * taps, op.weight);
  float *result = arena.alloc(op.n * op.o * outPlane, op.result);
  random.fill(input, op.n * op.c * inPlane);
  random.fill(weight, op.o * channels * taps);
  op.scratch_bytes = vs_conv_scratch_bytes(&op, threadCount());
  arena.alloc<char>(op.scratch_bytes, op.scratch);
  bool epilogue = random.chance(0.5);
  if (epilogue)
    op.epilogue = {addOne, &op.result, 1, 2, {op.n * op.o, outPlane}, 1};
  makeConvStep(op, arena.addresses, &outPlane)->run();
  for (int64_t n = 0; n < op.n; ++n)
    for (int64_t o = 0; o < op.o; ++o)
      for (int64_t at = 0; at < outPlane; ++at) {
        int64_t x = at % out[2], y = at / out[2] % out[1],
                z = at / out[2] / out[1];
        double sum = epilogue ? 1 : 0;
        for (int64_t c = 0; c < channels; ++c)
          for (int64_t tap = 0; tap < taps; ++tap) {
            int64_t tx = tap % window[2], ty = tap / window[2] % window[1],
                    tz = tap / window[2] / window[1];
            int64_t ix = x * stride[2] + tx * dilation[2] - pad[2];
            int64_t iy = y * stride[1] + ty * dilation[1] - pad[1];
            int64_t iz = z * stride[0] + tz * dilation[0] - pad[0];
            if (ix < 0 || ix >= in[2] || iy < 0 || iy >= in[1] || iz < 0 ||
                iz >= in[0])
              continue;
            sum +=
                double(weight[(o * channels + c) * taps + tap]) *
                input[((n * op.c + o / results * channels + c) * in[0] + iz) *
                          in[1] * in[2] +
                      iy * in[2] + ix];
          }
        ASSERT_NEAR(result[(n * op.o + o) * outPlane + at], sum, 1e-4);
      }
}

TEST(Conv, RandomProblems) {
  for (unsigned seed = 0; seed < 120; ++seed) {
    checkConv(seed);
    if (HasFatalFailure())
      return;
  }
}

TEST(Copy, RandomStrides) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random(seed);
    setThreadCount(random.pick({1, 2}));
    TestArena arena;
    vs_copy op = {};
    op.num_dims = static_cast<int32_t>(random.between(0, 5));
    op.element_bytes = random.pick({1, 2, 4, 8});
    int order[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    for (int i = op.num_dims; i-- > 1;)
      std::swap(order[i], order[random.between(0, i)]);
    int64_t outSize = 1, inSize = 1;
    for (int i = op.num_dims; i-- > 0;) {
      op.sizes[i] = random.pick<int64_t>({1, 2, 3, 8, random.between(0, 20)});
      op.out_strides[i] = outSize;
      outSize *= std::max<int64_t>(op.sizes[i], 1);
    }
    for (int i = op.num_dims; i-- > 0;) {
      int dim = order[i];
      bool broadcast = random.chance(0.1);
      op.in_strides[dim] = broadcast ? 0 : inSize;
      inSize *= broadcast ? 1 : std::max<int64_t>(op.sizes[dim], 1);
    }
    auto *in = arena.alloc<char>(inSize * op.element_bytes, op.in);
    auto *out = arena.alloc<char>(outSize * op.element_bytes, op.out);
    for (int64_t i = 0; i < inSize * op.element_bytes; ++i)
      in[i] = static_cast<char>(random.between(1, 100));
    makeCopyStep(op, arena.addresses)->run();
    int64_t total = 1;
    for (int i = 0; i < op.num_dims; ++i)
      total *= op.sizes[i];
    for (int64_t at = 0; at < total; ++at) {
      int64_t rest = at, from = 0, to = 0;
      for (int i = op.num_dims; i-- > 0;) {
        from += rest % op.sizes[i] * op.in_strides[i];
        to += rest % op.sizes[i] * op.out_strides[i];
        rest /= op.sizes[i];
      }
      ASSERT_EQ(0, std::memcmp(in + from * op.element_bytes,
                               out + to * op.element_bytes, op.element_bytes));
    }
  }
}

TEST(Kernel, CoversTheSpaceOnce) {
  for (auto [rows, columns] : {std::pair<int64_t, int64_t>{1, 5000},
                               {3, 1000},
                               {700, 33},
                               {0, 9},
                               {1, 1}})
    for (int threads : {1, 2, 5}) {
      setThreadCount(threads);
      TestArena arena;
      vs_kernel kernel = {};
      vs_ref ref;
      float *data = arena.alloc(rows * columns + 1, ref);
      kernel.fn = addOne;
      kernel.buffers = &ref;
      kernel.num_buffers = 1;
      kernel.num_dims = 2;
      kernel.extents[0] = rows;
      kernel.extents[1] = columns;
      kernel.flops_per_point = 1000;
      makeKernelStep(kernel, arena.addresses, &columns)->run();
      for (int64_t i = 0; i < rows * columns; ++i)
        ASSERT_EQ(data[i], 1.0f) << rows << "x" << columns << " at " << i;
      EXPECT_EQ(data[rows * columns], 0.0f);
    }
}

} // namespace
