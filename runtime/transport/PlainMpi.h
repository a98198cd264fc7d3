// Collectives as MPI messages, for ranks that share no memory.
//
// An exchange is one round of messages between all pairs of its group, or for
// sums that are not small two: everyone reduces a slice, then they share
// slices. What one rank has for another goes as one message, all parts behind
// each other, packed unless it is one dense piece anyway.
#ifndef VESCALE_RUNTIME_TRANSPORT_PLAINMPI_H
#define VESCALE_RUNTIME_TRANSPORT_PLAINMPI_H

#include "runtime/transport/Exchanges.h"

#include <mpi.h>

namespace vescale::runtime {

class PlainCollectives : public Exchanges {
public:
  PlainCollectives(int rank, const TransportSetup &setup, PollFn poll);

  void send(int to, const void *data, int64_t bytes);
  void receive(int from, void *data, int64_t bytes);

protected:
  void begin(Exchange &exchange) override;
  State advance(Exchange &exchange) override;

private:
  enum Stage { First, Second, Ended };
  /// What an exchange under way has of its own.
  struct Work {
    std::vector<MPI_Request> requests;
    std::vector<char> sends, receives; // packed, by index in the group
    std::vector<char> sums;            // this rank's slices of the parts
  };
  Work &workOf(const Exchange &exchange) {
    return works[exchange.group * depth + exchange.sequence % depth];
  }
  int tagOf(const Exchange &exchange) const;
  void post(std::vector<MPI_Request> &requests, bool sending, int peer,
            char *data, int64_t bytes, int tag);
  void waitAll();

  void beginSum(Exchange &exchange);
  void beginPull(Exchange &exchange);
  /// Reduces what has arrived; true if that was all.
  bool reduceSums(Exchange &exchange);
  void takeSlices(const Exchange &exchange);
  void takePulled(const Exchange &exchange);

  bool yield;
  PollFn poll;
  std::vector<Work> works;           // by group and slot
  std::vector<MPI_Request> messages; // of send and receive
  std::vector<const char *> inputs;  // of all members, for one part
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_TRANSPORT_PLAINMPI_H
