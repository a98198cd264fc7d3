// Collectives between ranks that see each other's memory.
//
// Each rank has a window that all others can address: its status, one line of
// flags for each group, staging slots and places of buffers for each exchange
// that can be under way, a bounce buffer, and the program's communication
// arena. An exchange on a group is:
//   small: copy the inputs to a staging slot and raise "ready"; when all have,
//          read their slots and raise "done". The slot is free again when all
//          are done.
//   large: raise "ready" with the buffers' places; when all have, move what is
//          mine and raise "done"; it ends when all are done. ALL_REDUCE: reduce
//          my slice and push it to all outputs. ALL_GATHER into windows: push
//          my shard to all outputs. Else pull what is mine from their inputs.
// Reductions go by index in the group, so every rank gets the same bits.
#ifndef VESCALE_RUNTIME_TRANSPORT_SHARED_H
#define VESCALE_RUNTIME_TRANSPORT_SHARED_H

#include "runtime/transport/Exchanges.h"

namespace vescale::runtime {

struct WindowLayout {
  int64_t flags, places, staging, bounce, comm, total; // offsets in bytes

  static WindowLayout of(const TransportSetup &setup);
};

/// Inputs up to this size go through the staging slots.
constexpr int64_t smallBytes = int64_t(16) << 10;

class SharedCollectives : public Exchanges {
public:
  /// `windows`: of all ranks, zeroed (this rank's at least, before any rank's
  /// first collective), by rank; null where no group of this rank needs it.
  SharedCollectives(int rank, std::vector<char *> windows,
                    const TransportSetup &setup, PollFn poll);

  char *comm() { return windows[rank] + layout.comm; }
  RankStatus *status(int member) {
    return windows[member] ? reinterpret_cast<RankStatus *>(windows[member])
                           : nullptr;
  }

protected:
  bool canStart(const std::vector<Part> &parts, uint64_t sequence) override;
  void begin(Exchange &exchange) override;
  State advance(Exchange &exchange) override;
  int waitsFor(const Exchange &exchange) override;

private:
  enum Stage { Starting, Moved, Ended };
  struct alignas(64) Flags {
    std::atomic<uint64_t> ready, done; // of all exchanges up to this one
  };
  /// Where a part's buffers lie in the window; -1: elsewhere.
  struct Place {
    int64_t in, out;
  };
  Flags &flags(int member, int group) {
    return reinterpret_cast<Flags *>(windows[member] + layout.flags)[group];
  }
  Place *places(int member, const Exchange &exchange) {
    return reinterpret_cast<Place *>(windows[member] + layout.places) +
           slotNumber(exchange) * maxParts;
  }
  char *slot(int member, const Exchange &exchange) {
    return windows[member] + layout.staging + slotNumber(exchange) * smallBytes;
  }
  static int64_t slotNumber(const Exchange &exchange) {
    return exchange.group * depth + exchange.sequence % depth;
  }
  /// The first member that has not got so far; -1: all have.
  int behind(int group, std::atomic<uint64_t> Flags::*flag, uint64_t sequence);
  int64_t inputBytes(const Part &part) const;
  bool isSmall(const std::vector<Part> &parts) const;
  int64_t windowOffset(const char *at, int64_t bytes) const;
  /// Whether others have to see a buffer that is not in the window.
  bool needsBounce(const Part &part) const;
  void beginLarge(Exchange &exchange);
  void moveSmall(const Exchange &exchange);
  void moveLarge(const Exchange &exchange);
  void copyBounced(const Exchange &exchange);
  void pull(const Part &part);
  void push(const Part &part);
  void reduceSlice(const Part &part);

  std::vector<char *> windows;
  WindowLayout layout;
  int64_t maxParts;
  int64_t bounceBytes;
  Ticket bounceUser{0, 0};          // the last one
  std::vector<const char *> inputs; // of all members, for one part
  std::vector<char *> outputs;
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_TRANSPORT_SHARED_H
