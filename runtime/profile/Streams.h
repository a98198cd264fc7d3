// Elementwise work and the call of a kernel, to be timed.
#ifndef VESCALE_RUNTIME_PROFILE_STREAMS_H
#define VESCALE_RUNTIME_PROFILE_STREAMS_H

#include "runtime/core/Executor.h"
#include "runtime/kernels/Step.h"
#include "runtime/profile/Rounds.h"

#include <nlohmann/json.hpp>

namespace vescale::runtime {

class Streams {
public:
  /// `memoryBytes` lie in no cache, `cacheBytes` in one.
  Streams(Rounds &rounds, int64_t memoryBytes, int64_t cacheBytes);

  /// The machine file's rates, by their names there.
  nlohmann::json rates(const Rounds &rounds) const;

private:
  /// Elements of each of three arrays.
  struct Add {
    int64_t elements;
    size_t subject;
  };
  Add addArrays(Rounds &rounds, const char *name, int64_t bytes);

  Arena arena;
  std::unique_ptr<Step> call;
  Add memory, cache;
  size_t gelu, launch;
};

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_PROFILE_STREAMS_H
