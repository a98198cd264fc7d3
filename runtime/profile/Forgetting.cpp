// How long the cache keeps what a rank does not touch.
#include "runtime/profile/Forgetting.h"

#include "runtime/kernels/Isa.h"
#include "runtime/profile/Loops.h"
#include "runtime/profile/Split.h"

#include <algorithm>
#include <cmath>
#include <ctime>

namespace vescale::runtime {

// As long as the larger products of a layer take.
constexpr double pauseUs = 2000;

/// Computes without memory until the thread's own clock says so.
static void pauseThread() {
  auto now = [] {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return 1e6 * time.tv_sec + 1e-3 * time.tv_nsec;
  };
  for (double end = now() + pauseUs; now() < end;)
    ;
}

static int64_t elementsOf(int64_t bytes) {
  return bytes / 4 / splitMultiple * splitMultiple;
}

Forgetting::Forgetting(Rounds &rounds, int64_t memoryBytes, int64_t cacheBytes)
    : arena(memoryBytes), memoryElements(elementsOf(memoryBytes)),
      cacheElements(elementsOf(cacheBytes)) {
  std::fill_n(reinterpret_cast<float *>(arena.data()), memoryElements, 0.5f);
  inMemory =
      rounds.add({"reading of memory", [this] { read(memoryElements); }});
  inCache =
      rounds.add({"reading of the cache", [this] { read(cacheElements); }});
  later =
      rounds.add({"reading of the cache after a while", [this] {
                    parallelRegion(threadCount(), [](int) { pauseThread(); });
                    read(cacheElements);
                  }});
}

void Forgetting::read(int64_t elements) const {
  auto *data = reinterpret_cast<const float *>(arena.data());
  split(elements, [&](int64_t lo, int64_t hi) {
    volatile float sum =
        (hasWideVectors() ? v4::sumArray : v3::sumArray)(data + lo, hi - lo);
    (void)sum;
  });
}

double Forgetting::keepsMicroseconds(const Rounds &rounds) const {
  double fromMemory = rounds.microseconds(inMemory) * double(cacheElements) /
                      double(memoryElements);
  double fromCache = rounds.microseconds(inCache);
  double after = rounds.microseconds(later) - pauseUs;
  // What is left in these is not told apart from all and nothing.
  constexpr double least = 0.02, most = 0.98;
  double left = (fromMemory - after) / (fromMemory - fromCache);
  if (!(fromMemory > fromCache))
    left = most;
  return -pauseUs / std::log(std::clamp(left, least, most));
}

} // namespace vescale::runtime
