// Registers the MPI transport with the conformance suite; run under mpirun.
// Arguments: the transport's library, "auto" or "plain", and optionally "bench"
// to measure instead.
#include "runtime/conformance/Conformance.h"
#include "runtime/core/Error.h"
#include "runtime/core/Threads.h"
#include "runtime/transport/MpiModule.h"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>

using namespace vescale::runtime;

static double microseconds() {
  return std::chrono::duration<double, std::micro>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

static void bench(Transport &transport, bool yield) {
  vs_group all = {1, 0, {transport.size()}, {1}};
  TransportSetup setup;
  setup.groups = {all};
  setup.commBytes = int64_t(64) << 20;
  setup.yield = yield;
  transport.setup(setup);
  for (int64_t bytes : {int64_t(4) << 10, int64_t(64) << 10, int64_t(1) << 20,
                        int64_t(16) << 20}) {
    vs_collective op = {};
    op.count = bytes / 4;
    std::memset(transport.comm(), 0, bytes);
    std::vector<double> times;
    for (int i = 0; i < (bytes > 1 << 18 ? 60 : 2000); ++i) {
      transport.barrier();
      double begin = microseconds();
      transport.collective(op, transport.comm(), transport.comm());
      times.push_back(microseconds() - begin);
    }
    std::sort(times.begin(), times.end());
    if (transport.rank() == 0)
      std::printf("all_reduce %8lld bytes: median %.1f us, min %.1f us\n",
                  static_cast<long long>(bytes), times[times.size() / 2],
                  times[0]);
  }
}

int main(int argc, char **argv) {
  if (argc < 3)
    return 2;
  void *library = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
  if (!library) {
    std::fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  auto *entry =
      reinterpret_cast<MpiEntryFn *>(dlsym(library, VESCALE_MPI_ENTRY));
  bool plain = std::strcmp(argv[2], "plain") == 0;
  setThreadCount(1);
  Transport *transport = entry(plain ? MpiMode::Plain : MpiMode::Auto, [] {});
  bool yield = transport->size() > coreCount(allowedCores());
  if (argc > 3) {
    bench(*transport, yield);
    transport->finish();
    return 0;
  }
  int64_t count = 0;
  std::string error = runConformance(*transport, yield, count);
  std::string expected = plain ? "MPI, messages" : "MPI, shared windows";
  if (error.empty() && transport->describe() != expected)
    error = cat("the transport is '", transport->describe(), "', not '",
                expected, "'");
  if (!error.empty())
    std::fprintf(stderr, "rank %d: %s\n", transport->rank(), error.c_str());
  bool failed = transport->agree(!error.empty()).value != 0;
  if (transport->rank() == 0)
    std::printf("%lld collectives on %d ranks, %s: %s\n",
                static_cast<long long>(count), transport->size(),
                transport->describe().c_str(), failed ? "FAILED" : "passed");
  transport->finish();
  return failed;
}
