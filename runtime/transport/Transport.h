// How the ranks of a run reach each other; one implementation for each way.
#ifndef VESCALE_RUNTIME_TRANSPORT_TRANSPORT_H
#define VESCALE_RUNTIME_TRANSPORT_TRANSPORT_H

#include "runtime/transport/Group.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

namespace vescale::runtime {

/// What each rank shows the others while it runs, for messages about a rank
/// that fails or hangs.
struct RankStatus {
  std::atomic<int64_t> step{-1};      // the step it is in; -1: before the first
  std::atomic<int64_t> beats{0};      // grows with every step and load
  std::atomic<int32_t> waitingOn{-1}; // the rank it waits for
  std::atomic<int32_t> failed{0};     // it has failed and said why
  std::atomic<int32_t> stopped{0};    // it was asked to stop in order
  std::atomic<int32_t> left{0};       // it is done, its process may end
  std::atomic<int64_t> pid{0};
};

/// One of the collectives of an exchange, and its buffers. They do not overlap,
/// except that ALL_REDUCE may have in == out.
struct Part {
  const vs_collective *op;
  const char *in;
  char *out;
};

/// Names an exchange that has been started.
struct Ticket {
  int group;
  uint64_t sequence;
};

struct TransportSetup {
  std::vector<vs_group> groups;
  int64_t maxParts = 1;    // of an exchange
  int64_t commBytes = 0;   // of the program's communication arena
  int64_t bounceBytes = 0; // for exchanges whose buffers lie elsewhere
  /// More threads than cores: every wait gives the core away at once.
  bool yield = false;
};

class __attribute__((visibility("default"))) Transport {
public:
  virtual ~Transport() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;
  /// "in-process", "MPI, shared windows", … for messages.
  virtual std::string describe() const = 0;

  /// Called once by all ranks, before any collective.
  virtual void setup(const TransportSetup &setup) = 0;
  /// This rank's communication arena, TransportSetup::commBytes long.
  virtual char *comm() = 0;

  /// Starts an exchange: collectives of one kind and group, which stay where
  /// they are until it is done. All ranks of a group start its exchanges in the
  /// same order. Until it is done nobody may write its inputs or touch its
  /// outputs.
  virtual Ticket start(const std::vector<Part> &parts) = 0;
  /// Moves exchanges on as far as that needs no waiting. They move in calls of
  /// start(), progress() and wait() alone: there is no thread for it.
  virtual void progress() = 0;
  virtual bool isDone(Ticket ticket) = 0;
  virtual void wait(Ticket ticket) = 0;

  /// Runs one collective from its start to its end.
  void collective(const vs_collective &op, const char *in, char *out) {
    std::vector<Part> parts = {{&op, in, out}};
    wait(start(parts));
  }

  /// The largest value of all ranks and the lowest rank that gave it.
  struct Agreement {
    int64_t value;
    int rank;
  };
  virtual Agreement agree(int64_t value) = 0;
  virtual void barrier() = 0;
  virtual void send(int to, const void *data, int64_t bytes) = 0;
  virtual void receive(int from, void *data, int64_t bytes) = 0;

  /// A rank's status as this process sees it; null where it can't.
  virtual RankStatus *status(int rank) = 0;

  /// Ends the run in order: all ranks call it.
  virtual void finish() = 0;
  /// Ends the whole run at once; does not return.
  [[noreturn]] virtual void abort(int exitCode) = 0;
};

/// Called while a rank waits; throws to leave the wait.
using PollFn = std::function<void()>;

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_TRANSPORT_TRANSPORT_H
