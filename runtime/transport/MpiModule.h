// The entry of libvescale_transport_mpi.so, which is loaded only when a world
// has several ranks.
#ifndef VESCALE_RUNTIME_TRANSPORT_MPIMODULE_H
#define VESCALE_RUNTIME_TRANSPORT_MPIMODULE_H

#include "runtime/transport/Transport.h"

#include <memory>

#define VESCALE_MPI_ENTRY "vescale_mpi_transport"

namespace vescale::runtime {

enum class MpiMode {
  Auto,  // shared windows where all ranks are on one machine and it has room
  Plain, // messages only
};

/// Initialises MPI; may throw Failure. Called at most once.
using MpiEntryFn = Transport *(MpiMode mode, const PollFn &poll);

/// Loads the transport's library and starts MPI; throws Failure.
std::unique_ptr<Transport> openMpiTransport(const std::string &path,
                                            MpiMode mode, const PollFn &poll);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_TRANSPORT_MPIMODULE_H
