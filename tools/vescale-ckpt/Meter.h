// Shows on stderr how far long work is.
#ifndef VESCALE_TOOLS_VESCALE_CKPT_METER_H
#define VESCALE_TOOLS_VESCALE_CKPT_METER_H

#include <chrono>
#include <cstdint>
#include <string>

namespace vescale::ckpt {

/// A line that is rewritten on a terminal; elsewhere a line now and then.
class Meter {
public:
  Meter(const std::string &what, int64_t totalBytes);
  ~Meter();
  Meter(const Meter &) = delete;
  Meter &operator=(const Meter &) = delete;

  void add(int64_t bytes);

private:
  using Clock = std::chrono::steady_clock;

  std::string what;
  int64_t total, done = 0;
  bool terminal, shown = false;
  Clock::time_point last;
};

/// "1.5 GiB".
std::string bytesText(int64_t bytes);

} // namespace vescale::ckpt

#endif // VESCALE_TOOLS_VESCALE_CKPT_METER_H
