// How long the cache keeps what a rank does not touch, to be measured: others
// share it, and take its place.
#ifndef VESCALE_RUNTIME_PROFILE_FORGETTING_H
#define VESCALE_RUNTIME_PROFILE_FORGETTING_H

#include "runtime/core/Executor.h"
#include "runtime/profile/Rounds.h"

namespace vescale::runtime {

class Forgetting {
public:
  /// `memoryBytes` lie in no cache, `cacheBytes` in one.
  Forgetting(Rounds &rounds, int64_t memoryBytes, int64_t cacheBytes);

  /// After how many microseconds 1/e of it is left.
  double keepsMicroseconds(const Rounds &rounds) const;

private:
  void read(int64_t elements) const;

  Arena arena;
  int64_t memoryElements, cacheElements;
  size_t inMemory, inCache, later;
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_PROFILE_FORGETTING_H
