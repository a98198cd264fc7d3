// Exchanges under way: what all transports share. A group's exchanges start, do
// their work and end in one order; those of different groups are independent.
// Nothing happens but in calls of start(), progress() and wait().
#ifndef VESCALE_RUNTIME_TRANSPORT_EXCHANGES_H
#define VESCALE_RUNTIME_TRANSPORT_EXCHANGES_H

#include "runtime/transport/Transport.h"

namespace vescale::runtime {

class Exchanges {
public:
  /// So many of a group can be under way; starting another one waits.
  static constexpr uint64_t depth = 8;

  Exchanges(int rank, const TransportSetup &setup, PollFn poll);
  virtual ~Exchanges() = default;

  Ticket start(const std::vector<Part> &parts);
  void progress();
  bool isDone(Ticket ticket) const {
    return queues[ticket.group].ended >= ticket.sequence;
  }
  void wait(Ticket ticket);

protected:
  /// An exchange of the ring of its group.
  struct Exchange {
    const std::vector<Part> *parts;
    int group;
    uint64_t sequence; // from 1
    int stage;         // how far it is, for who moves it; 0 at first
  };
  enum class State {
    Blocked, // waits for others; those behind it wait for it
    Passed,  // waits for others, and those behind it may go on
    Done,
  };

  /// Whether what the group's next exchange needs is free.
  virtual bool canStart(const std::vector<Part> &parts, uint64_t sequence) {
    return true;
  }
  /// Gives the exchange's inputs away.
  virtual void begin(Exchange &exchange) = 0;
  /// Does what can be done without waiting.
  virtual State advance(Exchange &exchange) = 0;
  /// The rank that the exchange waits for; -1 if that can't be told.
  virtual int waitsFor(const Exchange &exchange) { return -1; }

  int rank;
  std::vector<Group> groups;
  /// Where others see whom this rank waits for; null: nowhere.
  RankStatus *mine = nullptr;

private:
  struct Queue {
    uint64_t started = 0, ended = 0;
    Exchange ring[depth];
  };
  void progress(Queue &queue);
  /// Waits until `done` says so, moving all exchanges on.
  template <typename Done> void waitUntil(const Exchange *exchange, Done done);

  std::vector<Queue> queues; // by group
  bool yield;
  PollFn poll;
};

/// Of a rank's own part of an exchange, which a group of one is all of.
void exchangeAlone(const Part &part);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_TRANSPORT_EXCHANGES_H
