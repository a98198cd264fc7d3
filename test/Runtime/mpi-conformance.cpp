// Registers the MPI transport with the conformance suite; run under mpirun.
// Arguments: the transport's library and "auto" or "plain".
#include "runtime/conformance/Conformance.h"
#include "runtime/core/Error.h"
#include "runtime/core/Threads.h"
#include "runtime/transport/MpiModule.h"

#include <cstdio>
#include <cstring>

using namespace vescale::runtime;

int main(int argc, char **argv) {
  if (argc != 3)
    return 2;
  bool plain = std::strcmp(argv[2], "plain") == 0;
  setThreadCount(1);
  std::unique_ptr<Transport> transport =
      openMpiTransport(argv[1], plain ? MpiMode::Plain : MpiMode::Auto, [] {});
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
