// Threads inside a rank: libgomp's, which oneDNN uses too, called through its
// own ABI so that any compiler can build this.
#ifndef VESCALE_RUNTIME_CORE_THREADS_H
#define VESCALE_RUNTIME_CORE_THREADS_H

#include <sched.h>

#include <atomic>
#include <cstdint>
#include <type_traits>

extern "C" {
void GOMP_parallel(void (*fn)(void *), void *data, unsigned threads,
                   unsigned flags);
int omp_get_thread_num(void);
void omp_set_num_threads(int threads);
void omp_set_dynamic(int dynamic);
}

namespace vescale::runtime {

/// The number of threads of this rank (of this thread's rank: in-process ranks
/// each have their own).
int threadCount();
void setThreadCount(int threads);

/// The cores this process may run on.
using CoreSet = cpu_set_t;
CoreSet allowedCores();
int coreCount(const CoreSet &cores);
void bindCores(const CoreSet &cores);
/// The `count` of these cores that come after `first` others, in the order of
/// their numbers.
CoreSet coresFrom(const CoreSet &cores, int first, int count);
/// Lets the process run on every core its container or job gives it.
void unbindCores();

/// Gives this thread and those made from now on stacks of 8 MiB at least:
/// kernels keep rows of up to 4 MiB there, and systems without a limit make
/// threads with 2 MiB.
void reserveStacks();

/// Runs body(thread) on `threads` threads.
template <typename Body> void parallelRegion(int threads, Body &&body) {
  if (threads <= 1) {
    body(0);
    return;
  }
  using Fn = std::remove_reference_t<Body>;
  GOMP_parallel(
      [](void *data) { (*static_cast<Fn *>(data))(omp_get_thread_num()); },
      const_cast<std::remove_const_t<Fn> *>(&body),
      static_cast<unsigned>(threads), 0);
}

/// Calls body(item, thread) for each item in [0, items); threads take the next
/// item as they become free.
template <typename Body>
void parallelItems(int64_t items, int threads, Body &&body) {
  if (threads > items)
    threads = static_cast<int>(items);
  if (threads <= 1) {
    for (int64_t item = 0; item < items; ++item)
      body(item, 0);
    return;
  }
  std::atomic<int64_t> next{0};
  parallelRegion(threads, [&](int thread) {
    for (int64_t item; (item = next.fetch_add(1)) < items;)
      body(item, thread);
  });
}

/// Calls body(lo, hi) on disjoint ranges of at least `grain` that cover [0, n).
template <typename Body>
void parallelRange(int64_t n, int64_t grain, Body &&body) {
  int64_t threads = threadCount();
  if (grain < 1)
    grain = 1;
  if (threads > n / grain)
    threads = n / grain;
  if (threads <= 1) {
    if (n > 0)
      body(int64_t(0), n);
    return;
  }
  parallelRegion(static_cast<int>(threads), [&](int thread) {
    int64_t lo = n * thread / threads, hi = n * (thread + 1) / threads;
    if (lo < hi)
      body(lo, hi);
  });
}

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CORE_THREADS_H
