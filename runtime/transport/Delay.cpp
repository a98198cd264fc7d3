// The transport that is as slow as a link.
#include "runtime/transport/Delay.h"

#include "runtime/core/Clock.h"
#include "runtime/core/DType.h"

#include <time.h>

#include <algorithm>

namespace vescale::runtime {

int64_t Link::transfer(int64_t nowNs, int64_t bytes) {
  double seconds = speed.latencyUs * 1e-6 +
                   static_cast<double>(bytes) / (speed.mibPerSecond * 1048576);
  freeNs = std::max(freeNs, nowNs) + static_cast<int64_t>(seconds * 1e9);
  return freeNs;
}

int64_t LinkClock::now() { return nanoseconds(); }

void LinkClock::sleepUntil(int64_t timeNs) {
  timespec time = {timeNs / 1'000'000'000, timeNs % 1'000'000'000};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr);
}

int64_t sentBytes(const vs_collective &op, int members) {
  int64_t bytes = dtypeBytes(static_cast<vs_dtype>(op.dtype));
  int64_t whole =
      bytes * std::max(inputElements(op, members), outputElements(op, members));
  switch (op.kind) {
  case VS_ALL_REDUCE:
    return 2 * whole * (members - 1) / members;
  case VS_ALL_TO_ALL:
    return bytes * inputElements(op, members) * (members - 1) / members;
  case VS_PERMUTE:
    return whole;
  default:
    return whole * (members - 1) / members;
  }
}

namespace {

class DelayTransport : public Transport {
public:
  DelayTransport(std::unique_ptr<Transport> transport, LinkSpeed speed,
                 LinkClock &clock, PollFn poll)
      : inner(std::move(transport)), link(speed), clock(clock),
        poll(std::move(poll)) {}

  int rank() const override { return inner->rank(); }
  int size() const override { return inner->size(); }
  std::string describe() const override {
    return inner->describe() + ", delayed";
  }
  void setup(const TransportSetup &setup) override {
    inner->setup(setup);
    ends.assign(setup.groups.size(), {});
    members.clear();
    for (const vs_group &group : setup.groups)
      members.push_back(groupOf(group, inner->rank()).size());
  }
  char *comm() override { return inner->comm(); }

  Ticket start(const std::vector<Part> &parts) override {
    int64_t bytes = 0;
    int group = parts.front().op->group;
    for (const Part &part : parts)
      bytes += sentBytes(*part.op, members[group]);
    Ticket ticket = inner->start(parts);
    int64_t now = clock.now();
    int64_t end = members[group] == 1 ? now : link.transfer(now, bytes);
    ends[group].push_back({ticket.sequence, end});
    return ticket;
  }
  void progress() override { inner->progress(); }
  bool isDone(Ticket ticket) override {
    return inner->isDone(ticket) && clock.now() >= endOf(ticket);
  }
  void wait(Ticket ticket) override {
    // Others may need this rank to move exchanges on meanwhile.
    constexpr int64_t nap = 100'000;
    while (clock.now() < endOf(ticket)) {
      inner->progress();
      clock.sleepUntil(std::min(endOf(ticket), clock.now() + nap));
      poll();
    }
    for (timespec time = {0, nap / 4}; !inner->isDone(ticket); poll()) {
      inner->progress();
      if (!inner->isDone(ticket))
        nanosleep(&time, nullptr);
    }
    auto &queue = ends[ticket.group];
    queue.erase(std::find_if(queue.begin(), queue.end(), [&](const End &end) {
      return end.sequence == ticket.sequence;
    }));
  }

  Agreement agree(int64_t value) override { return inner->agree(value); }
  void barrier() override { inner->barrier(); }
  void send(int to, const void *data, int64_t bytes) override {
    inner->send(to, data, bytes);
  }
  void receive(int from, void *data, int64_t bytes) override {
    inner->receive(from, data, bytes);
  }
  RankStatus *status(int rank) override { return inner->status(rank); }
  void finish() override { inner->finish(); }
  [[noreturn]] void abort(int exitCode) override { inner->abort(exitCode); }

private:
  struct End {
    uint64_t sequence;
    int64_t timeNs;
  };
  /// When the link is done with an exchange; one that has been waited for is.
  int64_t endOf(Ticket ticket) const {
    for (const End &end : ends[ticket.group])
      if (end.sequence == ticket.sequence)
        return end.timeNs;
    return 0;
  }

  std::unique_ptr<Transport> inner;
  Link link;
  LinkClock &clock;
  PollFn poll;
  std::vector<int> members;           // by group
  std::vector<std::vector<End>> ends; // by group, of what is not waited for
};

} // namespace

std::unique_ptr<Transport> delay(std::unique_ptr<Transport> transport,
                                 LinkSpeed speed, LinkClock &clock,
                                 PollFn poll) {
  return std::make_unique<DelayTransport>(std::move(transport), speed, clock,
                                          std::move(poll));
}

} // namespace vescale::runtime
