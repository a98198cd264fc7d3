// Thread counts and core binding.
#include "runtime/core/Threads.h"

#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>

namespace vescale::runtime {

static thread_local int threads = 1;

int threadCount() { return threads; }

void setThreadCount(int count) {
  threads = count < 1 ? 1 : count;
  // oneDNN is only ever called on one thread: this library splits the work.
  omp_set_dynamic(0);
  omp_set_num_threads(1);
}

CoreSet allowedCores() {
  CoreSet cores;
  CPU_ZERO(&cores);
  if (sched_getaffinity(0, sizeof(cores), &cores) != 0)
    CPU_SET(0, &cores);
  return cores;
}

int coreCount(const CoreSet &cores) { return CPU_COUNT(&cores); }

void bindCores(const CoreSet &cores) {
  sched_setaffinity(0, sizeof(cores), &cores);
}

CoreSet coresFrom(const CoreSet &cores, int first, int count) {
  CoreSet found;
  CPU_ZERO(&found);
  int at = 0;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (!CPU_ISSET(core, &cores))
      continue;
    if (at >= first && at < first + count)
      CPU_SET(core, &found);
    ++at;
  }
  return found;
}

void unbindCores() {
  CoreSet cores;
  CPU_ZERO(&cores);
  for (int core = 0; core < CPU_SETSIZE; ++core)
    CPU_SET(core, &cores);
  bindCores(cores);
}

void reserveStacks() {
  constexpr size_t wanted = size_t(8) << 20;
  rlimit limit;
  if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur < wanted) {
    limit.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
    setrlimit(RLIMIT_STACK, &limit);
  }
  pthread_attr_t attributes;
  if (pthread_getattr_default_np(&attributes) != 0)
    return;
  size_t bytes;
  if (pthread_attr_getstacksize(&attributes, &bytes) == 0 && bytes < wanted) {
    pthread_attr_setstacksize(&attributes, wanted);
    pthread_setattr_default_np(&attributes);
  }
  pthread_attr_destroy(&attributes);
}

} // namespace vescale::runtime
