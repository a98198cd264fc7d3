// The program in memory: its arena, its prepared steps, and the loop over them.
#ifndef VESCALE_RUNTIME_CORE_EXECUTOR_H
#define VESCALE_RUNTIME_CORE_EXECUTOR_H

#include "runtime/core/ExchangeSteps.h"
#include "runtime/core/Monitor.h"
#include "runtime/kernels/Step.h"
#include "runtime/transport/Transport.h"

#include <atomic>
#include <thread>

namespace vescale::runtime {

/// What the transport must provide for the program.
TransportSetup transportSetup(const vs_program &program, int rank, bool yield);

/// Who makes the arena's pages: each step those that it is the first to touch,
/// or besides a thread that goes ahead of them, for which there must be a core.
enum class Paging { OnTouch, Ahead };

/// A private arena; its memory is zero, 64-byte aligned and never moves.
class Arena {
public:
  explicit Arena(int64_t bytes, Paging paging = Paging::OnTouch);
  ~Arena();
  Arena(const Arena &) = delete;
  Arena &operator=(const Arena &) = delete;
  char *data() const { return memory; }

private:
  void makePages();

  char *memory = nullptr;
  int64_t mapped;
  std::atomic<bool> stopping{false};
  std::thread ahead;
};

class Executor {
public:
  /// Prepares every step; a failure names the step's op and location.
  Executor(const vs_program &program, const Addresses &addresses,
           Transport &transport, Monitor &monitor);

  /// The number of an entry; -1 if the program has none of that name.
  int64_t findEntry(const char *name) const;
  /// Runs the steps of an entry.
  void run(int64_t entry);

  /// From now on the times of steps are added there; null: nothing is measured.
  void record(std::vector<StepTime> *times) { recorded = times; }

private:
  const vs_program &program;
  Monitor &monitor;
  ExchangeSteps exchanges;
  std::vector<int64_t> groupIndices; // the kernels' env
  std::vector<std::unique_ptr<Step>> steps;
  std::vector<StepTime> *recorded = nullptr;
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CORE_EXECUTOR_H
