// Times many things by turns, so that a slow moment of the machine meets all of
// them a little instead of one of them much.
//
// Each round times each subject in batches of calls, on all ranks together, and
// keeps the median batch; the result is the lower quartile of the rounds, and
// of that the slowest rank's. So is a program's step: the sum of many calls as
// they usually are, better in some moments of the machine than in others, and
// over when the last rank is done. Medians stay where a rank that has lost its
// core adds milliseconds to calls of microseconds, and quartiles of rounds
// where neighbours are busy for seconds.
// What a rank does by itself is timed by the clock of its busiest thread, which
// does not run while the rank has lost its core; ranks that wait for each other
// keep theirs, and are timed by the machine's.
#ifndef VESCALE_RUNTIME_PROFILE_ROUNDS_H
#define VESCALE_RUNTIME_PROFILE_ROUNDS_H

#include "runtime/transport/Transport.h"

#include <functional>
#include <string>
#include <vector>

namespace vescale::runtime {

struct Subject {
  std::string name; ///< For the progress that is shown.
  std::function<void()> run;
  /// Where ranks wait for each other in it: the calls of a batch and the
  /// batches of a round, the same on all ranks. 0: as many as fill a while,
  /// each rank by itself.
  int64_t calls = 0, batches = 0;
};

class Rounds {
public:
  /// `transport` is null for a rank alone.
  explicit Rounds(Transport *transport) : transport(transport) {}

  /// Returns its number.
  size_t add(Subject subject);

  /// At least `least` rounds, and more as long as they end within `seconds`.
  void run(double seconds, int64_t least);

  int64_t count() const { return rounds; }
  /// Microseconds of a call; on rank 0.
  double microseconds(size_t subject) const { return results[subject]; }

private:
  struct Timed {
    Subject subject;
    int64_t calls = 1;          // of a batch
    std::vector<double> rounds; // the usual call of each, in µs
  };
  bool isFirst() const { return !transport || transport->rank() == 0; }
  void barrier();
  double batch(const Timed &timed);
  void warmUp(Timed &timed);
  double usualBatch(const Timed &timed);
  bool goOn(double elapsed, double seconds, int64_t least);
  void collect();

  Transport *transport;
  std::vector<Timed> subjects;
  std::vector<double> results;
  int64_t rounds = 0;
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_PROFILE_ROUNDS_H
