/* A hand-written program: y = relu(x·w1 + b1)·w2 + b2, the hidden dimension
 * split over TP ranks. x is 8x16, the hidden dimension 32, y 8x10. */
#include "runtime/core/abi.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef TP
#define TP 1
#endif
enum { Batch = 8, In = 16, Hidden = 32 / TP, Out = 10 };

/* Offsets in the arena; the packed w1 is 16x64, w2 32x64 or 16x64. */
enum {
  AtX = 0,
  AtW1 = 1024,
  AtW2 = AtW1 + 16 * 64 * 4,
  AtB1 = AtW2 + 32 * 64 * 4,
  AtB2 = AtB1 + 128,
  AtH = AtB2 + 64,
  AtScratch = AtH + 1024,
  ScratchBytes = 65536,
  ArenaBytes = AtScratch + ScratchBytes
};
#if TP > 1
#define Y_SPACE VS_COMM
enum { AtY = 0, CommBytes = 320, Arena = ArenaBytes };
#else
#define Y_SPACE VS_ARENA
enum { AtY = ArenaBytes, CommBytes = 0, Arena = ArenaBytes + 320 };
#endif

/* MLP_PAUSE="rank seconds" makes a rank hang, which says so the first time. */
static void pauseHere(void *const *buffers, const int64_t *lo,
                      const int64_t *hi, const int64_t *env) {
  static int told;
  const char *text = getenv("MLP_PAUSE");
  if (text && atoi(text) == env[0] && !told++)
    fputs("mlp pauses\n", stderr);
  if (text && atoi(text) == env[0])
    for (int i = 0; i < atoi(text + 2) * 100; ++i)
      usleep(10000);
  (void)buffers, (void)lo, (void)hi;
}

static void biasRelu(void *const *buffers, const int64_t *lo, const int64_t *hi,
                     const int64_t *env) {
  float *h = buffers[0];
  const float *bias = buffers[1];
  for (int64_t i = lo[0]; i < hi[0]; ++i)
    for (int64_t j = lo[1]; j < hi[1]; ++j) {
      float value = h[i * Hidden + j] + bias[j];
      h[i * Hidden + j] = value > 0 ? value : 0;
    }
  (void)env;
}

static void addBias(void *const *buffers, const int64_t *lo, const int64_t *hi,
                    const int64_t *env) {
  float *y = buffers[0];
  const float *bias = buffers[1];
  for (int64_t i = lo[0]; i < hi[0]; ++i)
    for (int64_t j = 0; j < Out; ++j)
      y[i * Out + j] += bias[j];
  (void)env;
}

static const vs_ref hiddenBuffers[] = {{VS_ARENA, 0, AtH}, {VS_ARENA, 0, AtB1}};
static const vs_ref outBuffers[] = {{Y_SPACE, 0, AtY}, {VS_ARENA, 0, AtB2}};

static const vs_kernel pauseKernel = {pauseHere, 0, 0, 1, {1, 1}, 1};
static const vs_gemm first = {
    .a = {VS_ARENA, 0, AtX},
    .b = {VS_ARENA, 0, AtW1},
    .c = {VS_ARENA, 0, AtH},
    .m = Batch,
    .n = Hidden,
    .k = In,
    .batch = {1, 1},
    .lda = In,
    .ldb = Hidden,
    .ldc = Hidden,
    .b_packed = 1,
    .scratch = {VS_ARENA, 0, AtScratch},
    .scratch_bytes = ScratchBytes,
    .epilogue = {biasRelu, hiddenBuffers, 2, 2, {Batch, Hidden}, 2}};
static const vs_gemm second = {.a = {VS_ARENA, 0, AtH},
                               .b = {VS_ARENA, 0, AtW2},
                               .c = {Y_SPACE, 0, AtY},
                               .m = Batch,
                               .n = Out,
                               .k = Hidden,
                               .batch = {1, 1},
                               .lda = Hidden,
                               .ldb = Out,
                               .ldc = Out,
                               .b_packed = 1,
                               .scratch = {VS_ARENA, 0, AtScratch},
                               .scratch_bytes = ScratchBytes};
static const vs_kernel bias = {addBias, outBuffers, 2, 1, {Batch, 1}, Out};
static const vs_collective sum = {.kind = VS_ALL_REDUCE,
                                  .in = {Y_SPACE, 0, AtY},
                                  .out = {Y_SPACE, 0, AtY},
                                  .count = Batch * Out};
static const vs_exchange sums = {&sum, 1};

static const vs_group groups[] = {{1, 0, {TP}, {1}}};
static const vs_step steps[] = {
    {VS_STEP_KERNEL, 0, &pauseKernel, "test.pause", "mlp.pause"},
    {VS_STEP_GEMM, 0, &first, "graph.matmul", "mlp.fc1"},
    {VS_STEP_GEMM, 0, &second, "graph.matmul", "mlp.fc2"},
    {VS_STEP_START, 0, &sums, "dist.all_reduce", "mlp.fc2"},
    {VS_STEP_WAIT, 0, &sums, "wait", "mlp.fc2"},
    {VS_STEP_KERNEL, 0, &bias, "graph.add", "mlp.fc2"},
};

static const vs_entry entries[] = {
    {"main", 0, sizeof(steps) / sizeof(*steps)},
};

extern const vs_program vescale_program;
const vs_program vescale_program = {VS_ABI_VERSION,
                                    "mlp-hash",
                                    Arena,
                                    CommBytes,
                                    0,
                                    0,
                                    groups,
                                    1,
                                    steps,
                                    sizeof(steps) / sizeof(*steps),
                                    entries,
                                    1};
