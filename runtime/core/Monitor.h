// Watches a run: signals that ask it to stop, ranks that fail, die or hang.
#ifndef VESCALE_RUNTIME_CORE_MONITOR_H
#define VESCALE_RUNTIME_CORE_MONITOR_H

#include "runtime/transport/Transport.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace vescale::runtime {

/// Thrown to leave a wait because another rank failed and has said why.
struct PeerFailed {
  int rank;
};

class Monitor {
public:
  ~Monitor() { stop(); }

  /// From now on SIGTERM, SIGINT and SIGUSR1 ask for an orderly stop.
  static void catchSignals();
  static bool stopRequested();

  /// Starts the thread that watches for death and for timeouts. `program` and
  /// `transport` outlive it.
  void start(Transport &transport, const vs_program &program,
             double timeoutSeconds);
  void stop();

  /// Signals stop the run no more; who asked for it looks at stopRequested().
  void deferStops() { deferred = true; }
  /// Called in waits and between steps: throws a Stopped failure or PeerFailed.
  void poll();

  /// Sets what this rank does now.
  void enterStep(int64_t step) {
    if (mine)
      mine->step.store(step, std::memory_order_relaxed);
    beat();
  }
  void beat() {
    if (mine)
      mine->beats.fetch_add(1, std::memory_order_relaxed);
  }

private:
  void watch();
  void checkAlive();
  void checkProgress(double seconds);
  std::string place(int rank);
  [[noreturn]] void die(const std::string &message);

  Transport *transport = nullptr;
  const vs_program *program = nullptr;
  RankStatus *mine = nullptr;
  double timeout = 60;
  int64_t lastBeats = -1;
  double lastProgress = 0;
  std::thread thread;
  std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;
  bool deferred = false;
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CORE_MONITOR_H
