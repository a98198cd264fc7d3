// Collectives between ranks that see each other's memory.
//
// Each rank has a window that all others can address: its status, one line of
// flags for each group, two staging slots for each group, a bounce buffer, and
// the program's communication arena. A collective on a group is:
//   small: copy the input to a staging slot, raise the flag, wait for the other
//          members, read their slots. Slots alternate: a member that is two
//          collectives ahead has seen everyone finish with the first.
//   large: raise "ready" with the input's place, wait for all, pull what is
//          mine from their inputs (ALL_REDUCE: reduce my slice and push it to
//          all outputs), raise "done", wait for all.
// Reductions go by index in the group, so every rank gets the same bits.
#ifndef VESCALE_RUNTIME_TRANSPORT_SHARED_H
#define VESCALE_RUNTIME_TRANSPORT_SHARED_H

#include "runtime/transport/Transport.h"

namespace vescale::runtime {

struct WindowLayout {
  int64_t flags, staging, bounce, comm, total; // offsets in bytes

  static WindowLayout of(const TransportSetup &setup);
};

/// Inputs up to this size go through the staging slots.
constexpr int64_t smallBytes = int64_t(16) << 10;

class SharedCollectives {
public:
  /// `windows`: of all ranks, zeroed (this rank's at least, before any rank's
  /// first collective), by rank; null where no group of this rank needs it.
  SharedCollectives(int rank, std::vector<char *> windows,
                    const TransportSetup &setup, PollFn poll);

  void run(const vs_collective &op, const char *in, char *out);
  /// Waits until `done` says so, polling and yielding as set up.
  template <typename Done> void wait(int peer, Done done);

  char *comm() { return windows[rank] + layout.comm; }
  RankStatus *status(int member) {
    return windows[member] ? reinterpret_cast<RankStatus *>(windows[member])
                           : nullptr;
  }

private:
  struct alignas(64) Flags {
    std::atomic<uint64_t> ready, done;
    std::atomic<int64_t> in, out; // offsets in the window
  };
  Flags &flags(int member, int group) {
    return reinterpret_cast<Flags *>(windows[member] + layout.flags)[group];
  }
  char *slot(int member, int group, uint64_t sequence) {
    return windows[member] + layout.staging +
           (group * 2 + (sequence & 1)) * smallBytes;
  }
  bool inWindow(const char *at, int64_t bytes) const;
  void waitReady(int group, uint64_t sequence);
  void waitDone(int group, uint64_t sequence);
  void runSmall(const vs_collective &op, const char *in, char *out,
                int64_t inBytes, uint64_t sequence);
  void runLarge(const vs_collective &op, const char *in, char *out,
                int64_t inBytes, uint64_t sequence);
  void gather(const vs_collective &op, const char *const *inputs, char *out);
  void reduceSlice(const vs_collective &op, const char *const *inputs,
                   char *const *outputs);

  int rank;
  std::vector<char *> windows;
  WindowLayout layout;
  std::vector<Group> groups;
  std::vector<uint64_t> sequences;
  bool yield;
  PollFn poll;
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_TRANSPORT_SHARED_H
