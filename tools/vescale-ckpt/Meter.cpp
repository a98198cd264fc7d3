// Prints progress.
#include "tools/vescale-ckpt/Meter.h"

#include <unistd.h>

#include <cstdio>

namespace vescale::ckpt {

constexpr std::chrono::milliseconds onTerminal{100}, elsewhere{10000};

Meter::Meter(const std::string &what, int64_t totalBytes)
    : what(what), total(totalBytes), terminal(isatty(2)), last(Clock::now()) {}

Meter::~Meter() {
  if (shown && terminal)
    std::fputs("\r\033[K", stderr);
}

void Meter::add(int64_t bytes) {
  done += bytes;
  Clock::time_point now = Clock::now();
  if (now - last < (terminal ? onTerminal : elsewhere))
    return;
  last = now;
  shown = true;
  std::fprintf(stderr, "%s%s: %s of %s%s", terminal ? "\r" : "", what.c_str(),
               bytesText(done).c_str(), bytesText(total).c_str(),
               terminal ? "\033[K" : "\n");
}

std::string bytesText(int64_t bytes) {
  static const char *units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(units); ++unit)
    value /= 1024;
  char text[32];
  std::snprintf(text, sizeof(text), unit ? "%.1f %s" : "%.0f %s", value,
                units[unit]);
  return text;
}

} // namespace vescale::ckpt
