// Times many things by turns.
#include "runtime/profile/Rounds.h"

#include "runtime/core/Clock.h"
#include "runtime/core/Threads.h"
#include "runtime/profile/Progress.h"

#include <algorithm>
#include <ctime>
#include <limits>

namespace vescale::runtime {

// A batch is long against the clock's own time, and a round's batches against
// a moment's noise.
constexpr double batchUs = 50, roundUs = 3000;
constexpr int64_t fewestBatches = 3;

static double lowerQuartile(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[(values.size() - 1) / 4];
}

size_t Rounds::add(Subject subject) {
  subjects.push_back(Timed{std::move(subject), 1, {}});
  return subjects.size() - 1;
}

void Rounds::barrier() {
  if (transport)
    transport->barrier();
}

/// Microseconds that this process's threads, each of them, were busy.
static double busyMicroseconds() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (1e6 * time.tv_sec + 1e-3 * time.tv_nsec) / threadCount();
}

double Rounds::batch(const Timed &timed) {
  bool isJoint = timed.subject.calls;
  auto now = [&] {
    return isJoint ? 1e-3 * nanoseconds() : busyMicroseconds();
  };
  double begin = now();
  for (int64_t call = 0; call < timed.calls; ++call)
    timed.subject.run();
  return (now() - begin) / timed.calls;
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

double Rounds::leastBatch(const Timed &timed) {
  bool isJoint = timed.subject.calls;
  int64_t batches = isJoint ? timed.subject.batches : fewestBatches;
  double least = std::numeric_limits<double>::infinity(), total = 0;
  barrier();
  for (int64_t at = 0; at < batches || (!isJoint && total < roundUs); ++at) {
    if (isJoint)
      barrier();
    double us = batch(timed);
    least = std::min(least, us);
    total += us * timed.calls;
    // What takes long needs no second look in the same round.
    if (!isJoint && total > 10 * roundUs)
      break;
  }
  return least;
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
      timed.least.push_back(leastBatch(timed));
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
    mine.push_back(lowerQuartile(timed.least));
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
      results[i] += mine[i];
  }
  for (double &result : results)
    result /= transport->size();
}

} // namespace vescale::runtime
