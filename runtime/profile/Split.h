// Work on an array by all threads of a rank.
#ifndef VESCALE_RUNTIME_PROFILE_SPLIT_H
#define VESCALE_RUNTIME_PROFILE_SPLIT_H

#include "runtime/core/Threads.h"

namespace vescale::runtime {

/// Parts are multiples of so many elements: whole vectors, four at a time, of
/// either instruction set.
constexpr int64_t splitMultiple = 64;

/// Calls body(lo, hi) on each thread's part of `elements`.
template <typename Body> void split(int64_t elements, Body body) {
  int threads = threadCount();
  int64_t units = elements / splitMultiple;
  parallelRegion(threads, [&](int thread) {
    body(units * thread / threads * splitMultiple,
         units * (thread + 1) / threads * splitMultiple);
  });
}

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_PROFILE_SPLIT_H
