// Thread counts and core binding.
#include "runtime/core/Threads.h"

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

void unbindCores() {
  CoreSet cores;
  CPU_ZERO(&cores);
  for (int core = 0; core < CPU_SETSIZE; ++core)
    CPU_SET(core, &cores);
  bindCores(cores);
}

} // namespace vescale::runtime
