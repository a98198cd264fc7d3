// The watchdog thread and the polling that waits do.
#include "runtime/core/Monitor.h"

#include "runtime/core/Error.h"

#include <csignal>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>

namespace vescale::runtime {

static volatile std::sig_atomic_t signalSeen = 0;

static void onSignal(int signal) { signalSeen = signal; }

void Monitor::catchSignals() {
  struct sigaction action = {};
  action.sa_handler = onSignal;
  action.sa_flags = SA_RESTART;
  sigset_t signals;
  sigemptyset(&signals);
  for (int signal : {SIGTERM, SIGINT, SIGUSR1}) {
    sigaction(signal, &action, nullptr);
    sigaddset(&signals, signal);
  }
  // The launcher holds them back until there is someone to catch them.
  sigprocmask(SIG_UNBLOCK, &signals, nullptr);
}

bool Monitor::stopRequested() { return signalSeen != 0; }

static double now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void Monitor::start(Transport &theTransport, const vs_program &theProgram,
                    double timeoutSeconds) {
  transport = &theTransport;
  program = &theProgram;
  timeout = timeoutSeconds;
  mine = transport->status(transport->rank());
  lastProgress = now();
  thread = std::thread([this] { watch(); });
}

void Monitor::stop() {
  if (!thread.joinable())
    return;
  {
    std::lock_guard<std::mutex> lock(mutex);
    stopping = true;
  }
  wake.notify_all();
  thread.join();
}

void Monitor::poll() {
  bool stopped = stopRequested() && !deferred;
  if (stopped && mine)
    mine->stopped.store(1);
  if (transport && mine)
    for (int rank = 0; rank < transport->size(); ++rank)
      if (RankStatus *other = transport->status(rank)) {
        if (other->failed.load() && rank != transport->rank())
          throw PeerFailed{rank};
        stopped |= other->stopped.load() != 0;
      }
  if (stopped)
    fail(ExitCode::Stopped, "stopped in order by a signal");
}

void Monitor::watch() {
  std::unique_lock<std::mutex> lock(mutex);
  while (!wake.wait_for(lock, std::chrono::milliseconds(100),
                        [this] { return stopping; })) {
    lock.unlock();
    checkAlive();
    checkProgress(now());
    lock.lock();
  }
}

/// Ranks of this machine whose process is gone without having left.
void Monitor::checkAlive() {
  for (int rank = 0; rank < transport->size(); ++rank) {
    RankStatus *other = transport->status(rank);
    if (!other || rank == transport->rank())
      continue;
    auto pid = static_cast<pid_t>(other->pid.load());
    if (pid > 0 && !other->left.load() && !other->failed.load() &&
        !other->stopped.load() && kill(pid, 0) != 0 && errno == ESRCH)
      die(cat("rank ", rank, " (process ", pid, ") died ", place(rank)));
  }
}

void Monitor::checkProgress(double seconds) {
  // Progress of any rank that can be seen counts: a rank that waits for one
  // that is at work hangs no more than that one.
  int64_t beats = 0;
  for (int rank = 0; rank < transport->size(); ++rank)
    if (RankStatus *other = transport->status(rank))
      beats += other->beats.load(std::memory_order_relaxed);
  if (beats != lastBeats) {
    lastBeats = beats;
    lastProgress = seconds;
    return;
  }
  if (seconds - lastProgress < timeout || mine->left.load())
    return;
  std::string message =
      cat("no progress for ", timeout, " s ", place(transport->rank()));
  // Whom it waits for; or else who has done less. Between runs, where all ranks
  // wait for all, a rank that has done no more is as likely.
  int culprit = mine->waitingOn.load();
  int64_t step = mine->step.load();
  int64_t bound = mine->beats.load();
  if (step < 0 || step >= program->num_steps)
    ++bound;
  for (int rank = 0; culprit < 0 && rank < transport->size(); ++rank)
    if (RankStatus *other = transport->status(rank))
      if (other != mine && other->beats.load() < bound)
        culprit = rank;
  if (culprit >= 0)
    message +=
        cat("; it waits for rank ", culprit, ", which is ", place(culprit));
  die(message);
}

/// "in step 3, dist.all_reduce (model.h.0.mlp)".
std::string Monitor::place(int rank) {
  RankStatus *status = transport->status(rank);
  int64_t step = status ? status->step.load() : -1;
  if (step < 0)
    return "before its first step";
  if (step >= program->num_steps)
    return "after its last step";
  const vs_step &at = program->steps[step];
  return cat("in step ", step, ", ", at.name ? at.name : "?", " (",
             at.location ? at.location : "no location", ")");
}

void Monitor::die(const std::string &message) {
  // The first rank to notice speaks for all.
  bool first = true;
  for (int rank = 0; rank < transport->size(); ++rank)
    if (RankStatus *other = transport->status(rank))
      if (other != mine && other->failed.load())
        first = false;
  mine->failed.store(1);
  if (first)
    reportFailure(Failure(ExitCode::RunFailed, message), transport->rank(),
                  transport->size());
  _exit(static_cast<int>(ExitCode::RunFailed));
}

} // namespace vescale::runtime
