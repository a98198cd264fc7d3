// Elementwise work to be timed.
#include "runtime/profile/Streams.h"

#include "runtime/kernels/Isa.h"
#include "runtime/profile/Loops.h"
#include "runtime/profile/Split.h"

#include <algorithm>

namespace vescale::runtime {

// Of a thread's array that stays in its first cache, and how often a call goes
// over it, so that the threads' start is none of it.
constexpr int64_t geluElements = 1024, geluTurns = 64;

static void doNothing(void *const *, const int64_t *, const int64_t *,
                      const int64_t *) {}

Streams::Streams(Rounds &rounds, int64_t memoryBytes, int64_t cacheBytes)
    : arena(memoryBytes) {
  std::fill_n(reinterpret_cast<float *>(arena.data()), memoryBytes / 4, 0.5f);
  memory = addArrays(rounds, "sum of arrays in memory", memoryBytes);
  cache = addArrays(rounds, "sum of arrays in the cache", cacheBytes);
  auto *data = reinterpret_cast<float *>(arena.data());
  gelu = rounds.add(
      {"GELU", [data] {
         split(geluElements * threadCount(), [&](int64_t lo, int64_t hi) {
           for (int64_t turn = 0; turn < geluTurns; ++turn)
             (hasWideVectors() ? v4::gelu : v3::gelu)(
                 data + lo, data + lo + geluElements * threadCount(), hi - lo);
         });
       }});
  vs_kernel kernel = {};
  kernel.fn = doNothing;
  kernel.num_dims = 1;
  kernel.extents[0] = geluElements * threadCount();
  kernel.extents[1] = 1;
  // So much that all threads take part.
  kernel.flops_per_point = int64_t(1) << 20;
  call = makeKernelStep(kernel, Addresses(), nullptr);
  launch = rounds.add({"call of a kernel", [this] { call->run(); }});
}

Streams::Add Streams::addArrays(Rounds &rounds, const char *name,
                                int64_t bytes) {
  int64_t elements = bytes / addBytes / splitMultiple * splitMultiple;
  auto *a = reinterpret_cast<float *>(arena.data());
  float *b = a + elements, *c = b + elements;
  return {elements,
          rounds.add({name, [=] {
                        split(elements, [&](int64_t lo, int64_t hi) {
                          (hasWideVectors() ? v4::addArrays : v3::addArrays)(
                              a + lo, b + lo, c + lo, hi - lo);
                        });
                      }})};
}

nlohmann::json Streams::rates(const Rounds &rounds) const {
  auto bandwidth = [&](const Add &add) {
    return 1e6 * add.elements * addBytes / rounds.microseconds(add.subject);
  };
  return {{"memory_bytes_per_s", bandwidth(memory)},
          {"cache_bytes_per_s", bandwidth(cache)},
          {"vector_flops_per_s", 1e6 * geluElements * geluTurns *
                                     threadCount() * geluOperations /
                                     rounds.microseconds(gelu)},
          {"launch_us", rounds.microseconds(launch)}};
}

} // namespace vescale::runtime
