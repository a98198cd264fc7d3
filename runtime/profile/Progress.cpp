// Shows how far the measurements are.
#include "runtime/profile/Progress.h"

#include "runtime/core/Clock.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace vescale::runtime {

Progress::Progress(bool shown, double seconds)
    : shown(shown),
      // Under mpirun stderr is a pipe; the launcher says what is behind it.
      terminal(isatty(STDERR_FILENO) || std::getenv("VESCALE_TERMINAL")),
      seconds(seconds) {}

void Progress::show(const std::string &stage, const std::string &subject,
                    double elapsed) {
  if (!shown)
    return;
  if (!terminal) {
    if (stage != lastStage)
      std::fprintf(stderr, "%s, %.0f s of about %.0f\n", stage.c_str(), elapsed,
                   seconds);
    lastStage = stage;
    return;
  }
  int64_t now = nanoseconds();
  if (now - lastShown < 100'000'000)
    return;
  lastShown = now;
  constexpr int width = 30;
  int full = int(width * std::min(elapsed / std::max(seconds, 1e-9), 1.0));
  std::fprintf(stderr, "\r\033[K[%s%s] %s: %s", std::string(full, '#').c_str(),
               std::string(width - full, ' ').c_str(), stage.c_str(),
               subject.c_str());
}

void Progress::finish(int64_t rounds, double elapsed) {
  if (shown)
    std::fprintf(stderr, "%srounds: %lld in %.0f s\n",
                 terminal ? "\r\033[K" : "", static_cast<long long>(rounds),
                 elapsed);
}

} // namespace vescale::runtime
