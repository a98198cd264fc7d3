// Collectives as MPI messages, for ranks that share no memory.
#ifndef VESCALE_RUNTIME_TRANSPORT_PLAINMPI_H
#define VESCALE_RUNTIME_TRANSPORT_PLAINMPI_H

#include "runtime/transport/Transport.h"

#include <mpi.h>

namespace vescale::runtime {

class PlainCollectives {
public:
  PlainCollectives(int rank, const TransportSetup &setup, PollFn poll);

  void run(const vs_collective &op, const char *in, char *out);
  void send(int to, const void *data, int64_t bytes, int tag);
  void receive(int from, void *data, int64_t bytes, int tag);

private:
  /// Each member's dense block from this one and to this one; exchanges them
  /// all. Sizes in bytes, by index in the group.
  void exchange(const Group &group, int tag,
                const std::vector<const char *> &sends,
                const std::vector<int64_t> &sendBytes,
                const std::vector<char *> &receives,
                const std::vector<int64_t> &receiveBytes);
  void allReduce(const vs_collective &op, const char *in, char *out);
  void pull(const vs_collective &op, const char *in, char *out);
  void post(bool sending, int peer, char *data, int64_t bytes, int tag);
  void waitAll();

  std::vector<Group> groups;
  bool yield;
  PollFn poll;
  std::vector<MPI_Request> requests;
  std::vector<char> sendBuffer, receiveBuffer;
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_TRANSPORT_PLAINMPI_H
