// What the launcher (mpirun, srun, torchrun, none) says about the world.
#ifndef VESCALE_RUNTIME_CORE_LAUNCH_H
#define VESCALE_RUNTIME_CORE_LAUNCH_H

#include "runtime/core/Options.h"
#include "runtime/transport/Transport.h"

#include <memory>
#include <optional>

namespace vescale::runtime {

struct Launch {
  int size = 1;      // of the world, as the launcher says
  int localSize = 1; // ranks on this machine
  int localRank = 0; // among them
  bool mpi = false;  // started by something that MPI can join
  const char *launcher = "none";
};

/// Reads the environment. A BadInput failure where a variable is no number.
Launch detectLaunch();

/// Connects to the other ranks; loads MPI only if there are any. `libraryDir`
/// holds the transports.
std::unique_ptr<Transport> openTransport(const Launch &launch,
                                         const Options &options,
                                         const std::string &libraryDir,
                                         const PollFn &poll);

/// Refuses a world in which WORLD_SIZE, SLURM_NTASKS or the launcher disagree
/// with what the transport sees.
void checkWorld(const Launch &launch, const Transport &transport);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CORE_LAUNCH_H
