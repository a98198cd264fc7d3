// A link of given latency and bandwidth over another transport: exchanges take
// as long as it would, and waiting for it burns no processor time. It shows
// what a program's schedule is worth where two busy cores cannot.
#ifndef VESCALE_RUNTIME_TRANSPORT_DELAY_H
#define VESCALE_RUNTIME_TRANSPORT_DELAY_H

#include "runtime/transport/Transport.h"

#include <memory>

namespace vescale::runtime {

struct LinkSpeed {
  double latencyUs = 0;
  double mibPerSecond = 0;
};

/// Serves one transfer after the other, in the order in which they are asked
/// for; each takes the latency and its bytes.
class Link {
public:
  explicit Link(LinkSpeed speed) : speed(speed) {}
  /// When a transfer that is asked for at `nowNs` is over.
  int64_t transfer(int64_t nowNs, int64_t bytes);

private:
  LinkSpeed speed;
  int64_t freeNs = 0;
};

/// The time that a link lives in.
class LinkClock {
public:
  virtual ~LinkClock() = default;
  virtual int64_t now();
  virtual void sleepUntil(int64_t timeNs);
};

/// The bytes that a member of the group sends for the collective at best.
int64_t sentBytes(const vs_collective &op, int members);

/// `clock` outlives the transport.
std::unique_ptr<Transport> delay(std::unique_ptr<Transport> transport,
                                 LinkSpeed speed, LinkClock &clock,
                                 PollFn poll);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_TRANSPORT_DELAY_H
