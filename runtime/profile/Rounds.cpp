// Times many things by turns.
#include "runtime/profile/Rounds.h"

#include "runtime/core/Clock.h"
#include "runtime/core/Threads.h"
#include "runtime/profile/Progress.h"

#include <algorithm>
#include <ctime>

namespace vescale::runtime {

// A batch is long against the clock's own time, and a round's batches against
// a moment's noise.
constexpr double batchUs = 50, roundUs = 3000;
constexpr int64_t fewestBatches = 3;

/// The value below which that part of them lies.
static double quantile(std::vector<double> values, double part) {
  std::sort(values.begin(), values.end());
  return values[size_t((values.size() - 1) * part)];
}

size_t Rounds::add(Subject subject) {
  subjects.push_back(Timed{std::move(subject), 1, {}});
  return subjects.size() - 1;
}

void Rounds::barrier() {
  if (transport)
    transport->barrier();
}

/// By its own clock, in microseconds, how long each of the rank's threads has
/// been busy. (The clock of the process lags behind threads that run.)
static std::vector<double> busyMicroseconds() {
  std::vector<double> times(threadCount());
  parallelRegion(threadCount(), [&](int thread) {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    times[thread] = 1e6 * time.tv_sec + 1e-3 * time.tv_nsec;
  });
  return times;
}

double Rounds::batch(const Timed &timed) {
  auto runAll = [&] {
    for (int64_t call = 0; call < timed.calls; ++call)
      timed.subject.run();
  };
  if (timed.subject.calls) {
    int64_t begin = nanoseconds();
    runAll();
    return 1e-3 * (nanoseconds() - begin) / timed.calls;
  }
  std::vector<double> begin = busyMicroseconds();
  runAll();
  std::vector<double> end = busyMicroseconds();
  double busiest = 0;
  for (size_t thread = 0; thread < end.size(); ++thread)
    busiest = std::max(busiest, end[thread] - begin[thread]);
  return busiest / timed.calls;
}

void Rounds::warmUp(Timed &timed) {
  timed.subject.run();
  if (timed.subject.calls) {
    timed.calls = timed.subject.calls;
    return;
  }
  double us = std::max(batch(timed), 1e-3);
  timed.calls = std::clamp<int64_t>(batchUs / us, 1, 100000);
}

double Rounds::usualBatch(const Timed &timed) {
  bool isJoint = timed.subject.calls;
  int64_t batches = isJoint ? timed.subject.batches : fewestBatches;
  std::vector<double> times;
  double total = 0;
  barrier();
  for (int64_t at = 0; at < batches || (!isJoint && total < roundUs); ++at) {
    if (isJoint)
      barrier();
    double us = batch(timed);
    times.push_back(us);
    total += us * timed.calls;
    // What takes long needs no second look in the same round.
    if (!isJoint && total > 10 * roundUs)
      break;
  }
  return quantile(times, 0.5);
}

bool Rounds::goOn(double elapsed, double seconds, int64_t least) {
  bool more = rounds < least ||
              elapsed + elapsed / std::max<int64_t>(rounds, 1) < seconds;
  if (!transport)
    return more;
  // The first rank's clock decides for all.
  return transport->agree(isFirst() && more).value;
}

void Rounds::run(double seconds, int64_t least) {
  Progress progress(isFirst(), seconds);
  for (Timed &timed : subjects) {
    progress.show("warming up", timed.subject.name);
    warmUp(timed);
  }
  int64_t begin = nanoseconds();
  auto elapsed = [&] { return 1e-9 * (nanoseconds() - begin); };
  while (goOn(elapsed(), seconds, least)) {
    for (Timed &timed : subjects) {
      timed.rounds.push_back(usualBatch(timed));
      progress.show("round " + std::to_string(rounds + 1), timed.subject.name,
                    elapsed());
    }
    ++rounds;
  }
  progress.finish(rounds, elapsed());
  collect();
}

void Rounds::collect() {
  std::vector<double> mine;
  for (const Timed &timed : subjects)
    mine.push_back(quantile(timed.rounds, 0.25));
  results = mine;
  if (!transport)
    return;
  int64_t bytes = int64_t(mine.size() * sizeof(double));
  if (!isFirst()) {
    transport->send(0, mine.data(), bytes);
    return;
  }
  for (int rank = 1; rank < transport->size(); ++rank) {
    transport->receive(rank, mine.data(), bytes);
    for (size_t i = 0; i < mine.size(); ++i)
      results[i] = std::max(results[i], mine[i]);
  }
}

} // namespace vescale::runtime
