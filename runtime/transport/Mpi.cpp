// The MPI transport: shared windows on one machine, messages otherwise.
#include "runtime/core/Error.h"
#include "runtime/transport/MpiModule.h"
#include "runtime/transport/PlainMpi.h"
#include "runtime/transport/Shared.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <memory>

namespace vescale::runtime {
namespace {

class MpiTransport : public Transport {
public:
  MpiTransport(MpiMode mode, PollFn poll) : mode(mode), poll(std::move(poll)) {
    int provided;
    if (MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided) !=
        MPI_SUCCESS)
      fail(ExitCode::RunFailed, "MPI can't be initialised");
    MPI_Comm_rank(MPI_COMM_WORLD, &self);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, self,
                        MPI_INFO_NULL, &machine);
    MPI_Comm_size(machine, &machineRanks);
  }

  int rank() const override { return self; }
  int size() const override { return ranks; }
  std::string describe() const override {
    return shared ? "MPI, shared windows" : "MPI, messages";
  }

  void setup(const TransportSetup &setup) override {
    yield = setup.yield;
    plain = std::make_unique<PlainCollectives>(self, setup, poll);
    if (mode == MpiMode::Auto && machineRanks == ranks && roomForWindows(setup))
      setupWindows(setup);
    else
      setupPrivate(setup);
  }
  char *comm() override { return shared ? shared->comm() : privateComm; }
  Ticket start(const std::vector<Part> &parts) override {
    return exchanges().start(parts);
  }
  void progress() override { exchanges().progress(); }
  bool isDone(Ticket ticket) override { return exchanges().isDone(ticket); }
  void wait(Ticket ticket) override { exchanges().wait(ticket); }

  Agreement agree(int64_t value) override {
    struct {
      long value;
      int rank;
    } mine{static_cast<long>(value), self}, best;
    MPI_Request request;
    MPI_Iallreduce(&mine, &best, 1, MPI_LONG_INT, MPI_MAXLOC, MPI_COMM_WORLD,
                   &request);
    complete(request);
    return {best.value, best.rank};
  }
  void barrier() override {
    MPI_Request request;
    MPI_Ibarrier(MPI_COMM_WORLD, &request);
    complete(request);
  }
  void send(int to, const void *data, int64_t bytes) override {
    plain->send(to, data, bytes);
  }
  void receive(int from, void *data, int64_t bytes) override {
    plain->receive(from, data, bytes);
  }
  RankStatus *status(int rank) override {
    if (shared)
      return shared->status(rank);
    return rank == self ? &privateStatus : nullptr;
  }
  void finish() override {
    shared.reset();
    if (window != MPI_WIN_NULL)
      MPI_Win_free(&window);
    MPI_Finalize();
  }
  [[noreturn]] void abort(int exitCode) override {
    MPI_Abort(MPI_COMM_WORLD, exitCode);
    _exit(exitCode);
  }

private:
  Exchanges &exchanges() {
    if (shared)
      return *shared;
    return *plain;
  }

  void complete(MPI_Request request) {
    int done = 0;
    for (int64_t turn = 0;; ++turn) {
      MPI_Test(&request, &done, MPI_STATUS_IGNORE);
      if (done)
        return;
      if (yield || turn % 64 == 63)
        sched_yield();
      if (turn % 1024 == 1023)
        poll();
      if (turn > 1 << 16)
        usleep(50);
    }
  }

  /// Open MPI backs shared windows with files in /dev/shm; a full one would
  /// kill the ranks at their first write to a page.
  bool roomForWindows(const TransportSetup &setup) {
    int64_t mine = WindowLayout::of(setup).total + 4096, needed = 0;
    MPI_Allreduce(&mine, &needed, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    int64_t free = 0;
    struct statvfs info;
    if (self == 0 && statvfs("/dev/shm", &info) == 0)
      free = static_cast<int64_t>(info.f_bavail) *
             static_cast<int64_t>(info.f_frsize);
    MPI_Bcast(&free, 1, MPI_INT64_T, 0, MPI_COMM_WORLD);
    if (needed + (int64_t(1) << 20) <= free)
      return true;
    if (self == 0)
      std::fprintf(
          stderr,
          "note: the ranks' shared windows need %lld bytes, /dev/shm "
          "has %lld free: using plain MPI messages, which are slower\n",
          static_cast<long long>(needed), static_cast<long long>(free));
    return false;
  }

  void setupWindows(const TransportSetup &setup) {
    int64_t total = WindowLayout::of(setup).total;
    MPI_Info info;
    MPI_Info_create(&info);
    MPI_Info_set(info, "alloc_shared_noncontig", "true");
    char *base = nullptr;
    if (MPI_Win_allocate_shared(total + 4096, 1, info, machine, &base,
                                &window) != MPI_SUCCESS)
      fail(ExitCode::RunFailed, "MPI can't allocate a shared window of ",
           total + 4096, " bytes");
    MPI_Info_free(&info);
    // Each rank starts its window at a page; where that is, it tells.
    int64_t skip = -reinterpret_cast<intptr_t>(base) & 4095;
    std::vector<int64_t> skips(ranks);
    MPI_Allgather(&skip, 1, MPI_INT64_T, skips.data(), 1, MPI_INT64_T, machine);
    std::vector<char *> windows(ranks);
    for (int rank = 0; rank < ranks; ++rank) {
      MPI_Aint bytes;
      int unit;
      char *at;
      MPI_Win_shared_query(window, rank, &bytes, &unit, &at);
      windows[rank] = at + skips[rank];
    }
    std::memset(windows[self], 0, total);
    shared = std::make_unique<SharedCollectives>(self, windows, setup, poll);
    shared->status(self)->pid.store(getpid());
    MPI_Barrier(MPI_COMM_WORLD);
  }

  void setupPrivate(const TransportSetup &setup) {
    int64_t bytes = setup.commBytes > 0 ? setup.commBytes : 4096;
    void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
      fail(ExitCode::RunFailed, "can't allocate ", bytes,
           " bytes of communication memory: ", errnoText());
    privateComm = static_cast<char *>(memory);
    privateStatus.pid.store(getpid());
  }

  MpiMode mode;
  PollFn poll;
  int self = 0, ranks = 1, machineRanks = 1;
  bool yield = false;
  MPI_Comm machine = MPI_COMM_NULL;
  MPI_Win window = MPI_WIN_NULL;
  std::unique_ptr<SharedCollectives> shared;
  std::unique_ptr<PlainCollectives> plain;
  char *privateComm = nullptr;
  RankStatus privateStatus;
};

} // namespace
} // namespace vescale::runtime

extern "C" __attribute__((visibility("default"))) vescale::runtime::Transport *
vescale_mpi_transport(vescale::runtime::MpiMode mode,
                      const vescale::runtime::PollFn &poll) {
  return new vescale::runtime::MpiTransport(mode, poll);
}
