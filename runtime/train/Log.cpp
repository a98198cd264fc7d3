// Prints a training run's steps.
#include "runtime/train/Log.h"

#include "runtime/core/Error.h"

#include <nlohmann/json.hpp>
#include <sys/resource.h>

namespace vescale::runtime {

static int64_t peakBytes() {
  struct rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<int64_t>(usage.ru_maxrss) * 1024;
}

Log::Log(const std::string &path, bool append, int64_t every, int64_t steps)
    : path(path), every(every), steps(steps) {
  if (path.empty())
    return;
  file.reset(std::fopen(path.c_str(), append ? "a" : "w"));
  if (!file)
    fail(ExitCode::Usage, "--log: can't write '", path, "': ", errnoText());
}

void Log::add(const StepReport &report) {
  double perSecond = report.tokens / (report.stepMs * 1e-3);
  if (file) {
    nlohmann::ordered_json line = {{"step", report.step},
                                   {"loss", report.loss},
                                   {"grad_norm", report.gradientNorm},
                                   {"learning_rate", report.learningRate},
                                   {"step_ms", report.stepMs},
                                   {"tokens_per_s", perSecond},
                                   {"peak_rss_bytes", peakBytes()}};
    std::string text = line.dump() + "\n";
    if (std::fwrite(text.data(), 1, text.size(), file.get()) != text.size() ||
        std::fflush(file.get()) != 0)
      fail(ExitCode::RunFailed, "--log: can't write '", path,
           "': ", errnoText());
  }
  bool isLast = report.step + 1 == steps;
  if (report.step % every == 0 || isLast)
    std::fprintf(stderr,
                 "step %lld  loss %.4f  gradient norm %.3g  learning rate %.3g"
                 "  %.0f tokens/s  %.1f ms  memory %lld MiB\n",
                 static_cast<long long>(report.step), report.loss,
                 report.gradientNorm, report.learningRate, perSecond,
                 report.stepMs, static_cast<long long>(peakBytes() >> 20));
}

} // namespace vescale::runtime
