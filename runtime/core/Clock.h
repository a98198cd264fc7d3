// The clock that a rank measures with: it never goes back.
#ifndef VESCALE_RUNTIME_CORE_CLOCK_H
#define VESCALE_RUNTIME_CORE_CLOCK_H

#include <chrono>
#include <cstdint>

namespace vescale::runtime {

inline int64_t nanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CORE_CLOCK_H
