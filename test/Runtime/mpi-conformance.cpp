// Registers the MPI transport with the conformance suite; run under mpirun.
// Arguments: the transport's library and "auto" or "plain".
#include "runtime/conformance/Conformance.h"
#include "runtime/core/Error.h"
#include "runtime/core/Threads.h"
#include "runtime/transport/MpiModule.h"

#include <dlfcn.h>

#include <cstdio>
#include <cstring>

using namespace vescale::runtime;

int main(int argc, char **argv) {
  if (argc != 3)
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
