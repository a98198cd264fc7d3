// Ranks that work alike and then wait for each other, to be timed: how much
// longer the slowest takes.
#ifndef VESCALE_RUNTIME_PROFILE_MEETINGS_H
#define VESCALE_RUNTIME_PROFILE_MEETINGS_H

#include "runtime/core/Executor.h"
#include "runtime/kernels/Step.h"
#include "runtime/profile/Rounds.h"

namespace vescale::runtime {

class Meetings {
public:
  Meetings(Rounds &rounds, Transport &transport);

  /// As a part of the time that ranks work between meetings.
  double unevenness(const Rounds &rounds) const;

private:
  std::unique_ptr<Arena> arena;
  std::unique_ptr<Step> work;
  size_t alone, together;
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_PROFILE_MEETINGS_H
