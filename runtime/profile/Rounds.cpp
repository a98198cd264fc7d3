// Times many things by turns.
#include "runtime/profile/Rounds.h"

#include "runtime/core/Clock.h"
#include "runtime/profile/Progress.h"

#include <algorithm>

namespace vescale::runtime {

// A batch is long against the clock's own time, and a round's batches against
// a moment's noise.
constexpr double batchUs = 50, roundUs = 3000;
constexpr size_t leastBatches = 3;

static double quantile(std::vector<double> values, double part) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>((values.size() - 1) * part)];
}

size_t Rounds::add(Subject subject) {
  subjects.push_back(Timed{std::move(subject), 1, {}});
  return subjects.size() - 1;
}

void Rounds::barrier() {
  if (transport)
    transport->barrier();
}

double Rounds::batch(const Timed &timed) {
  int64_t begin = nanoseconds();
  for (int64_t call = 0; call < timed.calls; ++call)
    timed.subject.run();
  return 1e-3 * (nanoseconds() - begin) / timed.calls;
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

double Rounds::median(const Timed &timed) {
  std::vector<double> batches;
  barrier();
  for (double total = 0; batches.size() < leastBatches ||
                         (!timed.subject.calls && total < roundUs);) {
    if (timed.subject.calls)
      barrier();
    batches.push_back(batch(timed));
    total += batches.back() * timed.calls;
    // What takes long needs no second look in the same round.
    if (!timed.subject.calls && total > 10 * roundUs)
      break;
  }
  return quantile(std::move(batches), 0.5);
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
      timed.medians.push_back(median(timed));
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
    mine.push_back(quantile(timed.medians, 0.25));
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
