// Finds out how the process was launched and opens the transport.
#include "runtime/core/Launch.h"

#include "runtime/core/Error.h"
#include "runtime/transport/Inproc.h"
#include "runtime/transport/MpiModule.h"

#include <cstdlib>

namespace vescale::runtime {
namespace {

std::optional<int> variable(const char *name) {
  const char *text = std::getenv(name);
  if (!text || !*text)
    return std::nullopt;
  char *end = nullptr;
  long value = std::strtol(text, &end, 10);
  if (*end || value < 0 || value > (1 << 20))
    fail(ExitCode::BadInput, "the environment has ", name, "='", text,
         "', which is not a number of ranks");
  return static_cast<int>(value);
}

/// A world of one rank and the transport that is its only member's.
class SingleTransport : public Transport {
public:
  explicit SingleTransport(PollFn poll)
      : world(1), only(world.connect(0, std::move(poll))) {}
  int rank() const override { return 0; }
  int size() const override { return 1; }
  std::string describe() const override { return only->describe(); }
  void setup(const TransportSetup &setup) override { only->setup(setup); }
  char *comm() override { return only->comm(); }
  Ticket start(const std::vector<Part> &parts) override {
    return only->start(parts);
  }
  void progress() override { only->progress(); }
  bool isDone(Ticket ticket) override { return only->isDone(ticket); }
  void wait(Ticket ticket) override { only->wait(ticket); }
  Agreement agree(int64_t value) override { return {value, 0}; }
  void barrier() override {}
  void send(int to, const void *data, int64_t bytes) override {
    only->send(to, data, bytes);
  }
  void receive(int from, void *data, int64_t bytes) override {
    only->receive(from, data, bytes);
  }
  RankStatus *status(int rank) override { return only->status(rank); }
  void finish() override {}
  [[noreturn]] void abort(int exitCode) override { only->abort(exitCode); }

private:
  InprocWorld world;
  std::unique_ptr<Transport> only;
};

} // namespace

Launch detectLaunch() {
  Launch launch;
  if (auto size = variable("OMPI_COMM_WORLD_SIZE")) {
    launch.size = *size;
    launch.localSize = variable("OMPI_COMM_WORLD_LOCAL_SIZE").value_or(*size);
    launch.localRank = variable("OMPI_COMM_WORLD_LOCAL_RANK").value_or(0);
    launch.mpi = true;
    launch.launcher = "mpirun";
  } else if (auto size = variable("PMI_SIZE")) {
    launch.size = *size;
    launch.localSize = variable("MPI_LOCALNRANKS").value_or(*size);
    launch.localRank = variable("MPI_LOCALRANKID").value_or(0);
    launch.mpi = true;
    launch.launcher = "a PMI launcher";
  } else if (variable("SLURM_PROCID") && variable("SLURM_NTASKS")) {
    launch.size = *variable("SLURM_NTASKS");
    launch.localSize = variable("SLURM_NTASKS_PER_NODE").value_or(launch.size);
    launch.localRank = variable("SLURM_LOCALID").value_or(0);
    launch.mpi = launch.size > 1;
    launch.launcher = "srun";
  } else if (auto size = variable("WORLD_SIZE")) {
    launch.size = *size;
    launch.localSize = variable("LOCAL_WORLD_SIZE").value_or(*size);
    launch.localRank = variable("LOCAL_RANK").value_or(0);
    launch.launcher = "torchrun";
  }
  launch.localSize = std::max(1, std::min(launch.localSize, launch.size));
  return launch;
}

std::unique_ptr<Transport> openTransport(const Launch &launch,
                                         const Options &options,
                                         const std::string &libraryDir,
                                         const PollFn &poll) {
  if (launch.size <= 1)
    return std::make_unique<SingleTransport>(poll);
  if (!launch.mpi)
    fail(ExitCode::BadInput, launch.launcher, " started a world of ",
         launch.size, " ranks (WORLD_SIZE=", launch.size,
         "), but the ranks can't reach each other without MPI: start them "
         "with vescale-run, mpirun or srun");
  std::unique_ptr<Transport> transport = openMpiTransport(
      libraryDir + "/libvescale_transport_mpi.so",
      options.transport == Options::TransportKind::Plain ? MpiMode::Plain
                                                         : MpiMode::Auto,
      poll);
  static LinkClock clock;
  return options.link ? delay(std::move(transport), *options.link, clock, poll)
                      : std::move(transport);
}

void checkWorld(const Launch &launch, const Transport &transport) {
  if (launch.size != transport.size())
    fail(ExitCode::BadInput, launch.launcher, " started ", launch.size,
         " ranks, but MPI sees a world of ", transport.size(),
         "; with srun, --mpi=pmix or pmi2 must match this Open MPI");
  for (const char *name : {"WORLD_SIZE", "SLURM_NTASKS"})
    if (auto size = variable(name))
      if (*size != transport.size())
        fail(ExitCode::BadInput, "the environment says ", name, "=", *size,
             ", but the ranks see a world of ", transport.size(),
             "; unset it or start that many ranks");
}

} // namespace vescale::runtime
