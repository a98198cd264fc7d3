// Times all_reduce of the MPI transport beside MPI_Allreduce, in one run:
//
//   mpirun -n 2 bench-collectives libvescale_transport_mpi.so auto|plain
//
// The two alternate, in place, on f32; rank 0 prints medians and spread. Sizes
// in bytes, times in µs.
#include "runtime/core/Threads.h"
#include "runtime/transport/MpiModule.h"

#include <mpi.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <vector>

using namespace vescale::runtime;

namespace {

/// The time of one call that all ranks begin together.
template <typename Call> double timed(Transport &transport, Call &&call) {
  using Clock = std::chrono::steady_clock;
  transport.barrier();
  Clock::time_point begin = Clock::now();
  call();
  return std::chrono::duration<double, std::micro>(Clock::now() - begin)
      .count();
}

struct Times {
  std::vector<double> values;
  double at(double part) {
    std::sort(values.begin(), values.end());
    return values[static_cast<size_t>((values.size() - 1) * part)];
  }
};

void bench(Transport &transport, int64_t bytes) {
  vs_collective op = {};
  op.count = bytes / 4;
  std::memset(transport.comm(), 0, bytes);
  std::vector<float> own(op.count);
  Times ours, mpi;
  for (int turn = 0; turn < (bytes > 1 << 18 ? 60 : 2000); ++turn) {
    ours.values.push_back(timed(transport, [&] {
      transport.collective(op, transport.comm(), transport.comm());
    }));
    mpi.values.push_back(timed(transport, [&] {
      MPI_Allreduce(MPI_IN_PLACE, own.data(), static_cast<int>(op.count),
                    MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    }));
  }
  if (transport.rank() == 0)
    std::printf("all_reduce %8lld bytes: median %8.1f us (%.1f to %.1f); "
                "MPI_Allreduce %8.1f us (%.1f to %.1f); ratio %.2f\n",
                static_cast<long long>(bytes), ours.at(0.5), ours.at(0.05),
                ours.at(0.95), mpi.at(0.5), mpi.at(0.05), mpi.at(0.95),
                ours.at(0.5) / mpi.at(0.5));
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 3)
    return 2;
  bool plain = std::strcmp(argv[2], "plain") == 0;
  setThreadCount(1);
  std::unique_ptr<Transport> transport =
      openMpiTransport(argv[1], plain ? MpiMode::Plain : MpiMode::Auto, [] {});
  TransportSetup setup;
  setup.groups = {vs_group{1, 0, {transport->size()}, {1}}};
  setup.commBytes = int64_t(16) << 20;
  setup.yield = transport->size() > coreCount(allowedCores());
  transport->setup(setup);
  if (transport->rank() == 0)
    std::printf("%d ranks, %s\n", transport->size(),
                transport->describe().c_str());
  for (int64_t bytes : {int64_t(4) << 10, int64_t(64) << 10, int64_t(1) << 20,
                        int64_t(16) << 20})
    bench(*transport, bytes);
  transport->finish();
  return 0;
}
