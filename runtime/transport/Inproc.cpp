// The in-process transport.
#include "runtime/transport/Inproc.h"

#include "runtime/core/Error.h"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>

namespace vescale::runtime {

class InprocTransport : public Transport {
public:
  InprocTransport(InprocWorld &world, int rank, PollFn poll)
      : world(world), self(rank), poll(std::move(poll)) {}

  int rank() const override { return self; }
  int size() const override { return world.ranks; }
  std::string describe() const override {
    return world.ranks == 1 ? "none, one rank" : "in-process";
  }

  void setup(const TransportSetup &setup) override {
    int64_t total = WindowLayout::of(setup).total;
    char *window = static_cast<char *>(std::aligned_alloc(4096, total));
    if (!window)
      fail(ExitCode::RunFailed, "can't allocate ", total,
           " bytes of communication memory");
    std::memset(window, 0, total);
    {
      std::lock_guard<std::mutex> lock(world.mutex);
      world.windows[self].reset(window);
    }
    barrier();
    std::vector<char *> windows;
    for (auto &other : world.windows)
      windows.push_back(other.get());
    shared = std::make_unique<SharedCollectives>(self, windows, setup, poll);
    shared->status(self)->pid.store(getpid());
    barrier();
  }
  char *comm() override { return shared->comm(); }
  Ticket start(const std::vector<Part> &parts) override {
    return shared->start(parts);
  }
  void progress() override { shared->progress(); }
  bool isDone(Ticket ticket) override { return shared->isDone(ticket); }
  void wait(Ticket ticket) override { shared->wait(ticket); }

  Agreement agree(int64_t value) override {
    {
      std::lock_guard<std::mutex> lock(world.mutex);
      world.values[self] = value;
    }
    barrier();
    Agreement result{world.values[0], 0};
    for (int rank = 1; rank < world.ranks; ++rank)
      if (world.values[rank] > result.value)
        result = {world.values[rank], rank};
    barrier();
    return result;
  }
  void barrier() override {
    std::unique_lock<std::mutex> lock(world.mutex);
    int64_t generation = world.generation;
    if (++world.arrived == world.ranks) {
      world.arrived = 0;
      ++world.generation;
      world.changed.notify_all();
      return;
    }
    waitFor(lock, [&] { return world.generation != generation; });
  }
  void send(int to, const void *data, int64_t bytes) override {
    const char *at = static_cast<const char *>(data);
    std::lock_guard<std::mutex> lock(world.mutex);
    world.mail[{self, to}].emplace_back(at, at + bytes);
    world.changed.notify_all();
  }
  void receive(int from, void *data, int64_t bytes) override {
    std::unique_lock<std::mutex> lock(world.mutex);
    auto &box = world.mail[{from, self}];
    waitFor(lock, [&] { return !box.empty(); });
    if (bytes)
      std::memcpy(data, box.front().data(), bytes);
    box.pop_front();
  }
  RankStatus *status(int rank) override {
    return shared ? shared->status(rank) : nullptr;
  }
  void finish() override { barrier(); }
  [[noreturn]] void abort(int exitCode) override { _exit(exitCode); }

private:
  template <typename Done>
  void waitFor(std::unique_lock<std::mutex> &lock, Done done) {
    while (!world.changed.wait_for(lock, std::chrono::milliseconds(50), done))
      poll();
  }

  InprocWorld &world;
  int self;
  PollFn poll;
  std::unique_ptr<SharedCollectives> shared;
};

void InprocWorld::FreeWindow::operator()(char *window) const {
  std::free(window);
}

InprocWorld::InprocWorld(int size)
    : ranks(size), windows(size), values(size, 0) {}

std::unique_ptr<Transport> InprocWorld::connect(int rank, PollFn poll) {
  return std::make_unique<InprocTransport>(*this, rank, std::move(poll));
}

} // namespace vescale::runtime
