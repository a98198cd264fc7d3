// Prints a training run's steps.
#include "runtime/train/Log.h"

#include "runtime/core/Error.h"
#include "runtime/core/Memory.h"

#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace vescale::runtime {
namespace {

using Json = nlohmann::ordered_json;

template <typename... Args>
std::string format(const char *pattern, Args... args) {
  char text[512];
  std::snprintf(text, sizeof(text), pattern, args...);
  return text;
}

double mebibytes(int64_t bytes) { return bytes / double(1 << 20); }

/// Launchers give ranks a pipe; vescale-run says what is behind it.
bool showsOnTerminal() {
  return isatty(STDERR_FILENO) || std::getenv("VESCALE_TERMINAL");
}

} // namespace

Log::Log(const std::string &path, bool append, int64_t every, int64_t steps)
    : path(path), every(every), steps(steps), isTerminal(showsOnTerminal()) {
  if (path.empty())
    return;
  file.reset(std::fopen(path.c_str(), append ? "a" : "w"));
  if (!file)
    fail(ExitCode::Usage, "--log: can't write '", path, "': ", errnoText());
}

void Log::begin(const RunFacts &given) {
  facts = given;
  std::string line =
      format("ranks %d (%s), each with threads %d, arena %.1f MiB, "
             "communication %.1f MiB",
             facts.ranks, facts.transport.c_str(), facts.threads,
             mebibytes(facts.arenaBytes), mebibytes(facts.commBytes));
  if (facts.gemmPeak > 0)
    line += format(", products of %.3g GFLOP, at best %.0f GFLOP/s",
                   facts.stepFlops * 1e-9, facts.gemmPeak * 1e-9);
  show(line, true);
}

void Log::write(const std::string &line) {
  if (!file)
    return;
  std::string text = line + "\n";
  if (std::fwrite(text.data(), 1, text.size(), file.get()) != text.size() ||
      std::fflush(file.get()) != 0)
    fail(ExitCode::RunFailed, "--log: can't write '", path, "': ", errnoText());
}

void Log::show(const std::string &line, bool stays) {
  const char *begin = isOpen ? "\r\x1b[K" : "";
  isOpen = isTerminal && !stays;
  std::fprintf(stderr, "%s%s%s", begin, line.c_str(), isOpen ? "" : "\n");
}

void Log::end() {
  if (isOpen)
    std::fputc('\n', stderr);
  isOpen = false;
}

void Log::summarize() {
  end();
  if (facts.prediction && !stepMs.empty())
    show(compareTimes(medianOf(stepMs), facts.threads, *facts.prediction),
         true);
}

static void addEvaluation(const StepReport &report, Json &line) {
  if (!report.evalLoss)
    return;
  line["eval_loss"] = *report.evalLoss;
  line["eval_ms"] = *report.evalMs;
}

static std::string evaluationText(const StepReport &report) {
  return format("evaluation after step %lld: loss %.4f  %.1f ms",
                static_cast<long long>(report.step), *report.evalLoss,
                *report.evalMs);
}

void Log::add(const StepReport &report) {
  double seconds = report.stepMs * 1e-3;
  double perSecond = report.tokens / seconds;
  Json line = {{"step", report.step},
               {"loss", report.loss},
               {"grad_norm", report.gradientNorm},
               {"learning_rate", report.learningRate},
               {"step_ms", report.stepMs},
               {"tokens_per_s", perSecond}};
  if (facts.prediction)
    line["predicted_step_ms"] = facts.prediction->stepMs;
  if (isFirst)
    isFirst = false;
  else
    stepMs.push_back(report.stepMs);
  std::string share;
  if (facts.gemmPeak > 0) {
    double rate = facts.stepFlops / seconds;
    facts.gemmPeak = std::max(facts.gemmPeak, rate);
    line["flops_per_s"] = rate;
    line["gemm_peak_share"] = rate / facts.gemmPeak;
    share = format("  %.0f %% of GEMM peak", 100 * rate / facts.gemmPeak);
  }
  line["arena_bytes"] = facts.arenaBytes;
  line["comm_bytes"] = facts.commBytes;
  if (report.heldBytes)
    line["held_bytes"] = *report.heldBytes;
  line["peak_rss_bytes"] = peakResidentBytes();
  vescale::runtime::addEvaluation(report, line);
  write(line.dump());
  bool isLast = report.step + 1 == steps;
  if (report.step % every == 0 || isLast)
    show(format("step %lld/%lld  loss %.4f  gradient norm %.3g  learning rate "
                "%.3g  %.0f tokens/s  %.1f ms%s  memory %.0f MiB",
                static_cast<long long>(report.step),
                static_cast<long long>(steps), report.loss, report.gradientNorm,
                report.learningRate, perSecond, report.stepMs, share.c_str(),
                mebibytes(peakResidentBytes())),
         false);
  if (report.evalLoss)
    show(evaluationText(report), true);
}

void Log::addEvaluation(const StepReport &report) {
  Json line = {{"step", report.step}};
  vescale::runtime::addEvaluation(report, line);
  write(line.dump());
  show(evaluationText(report), true);
}

} // namespace vescale::runtime
