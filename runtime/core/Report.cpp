// Prints a run's times and memory.
#include "runtime/core/Report.h"

#include "runtime/core/Memory.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

namespace vescale::runtime {

void printTimes(const RunReport &report, bool json) {
  std::vector<double> sorted = report.stepMs;
  std::sort(sorted.begin(), sorted.end());
  double median = medianOf(sorted);
  int64_t peak = peakResidentBytes();
  if (json) {
    nlohmann::ordered_json object = {
        {"step_ms",
         {{"median", median}, {"min", sorted.front()}, {"max", sorted.back()}}},
        {"runs", sorted.size()},
        {"ranks", report.ranks},
        {"threads", report.threads},
        {"transport", report.transport},
        {"arena_bytes", report.arenaBytes},
        {"comm_bytes", report.commBytes},
        {"peak_rss_bytes", peak}};
    if (report.heldBytes)
      object["held_bytes"] = *report.heldBytes;
    if (report.prediction)
      object["predicted_step_ms"] = report.prediction->stepMs;
    std::printf("%s\n", object.dump().c_str());
  } else {
    std::printf("step_ms median %.3f min %.3f max %.3f\n"
                "runs %zu ranks %d threads %d transport %s\n"
                "arena_bytes %lld comm_bytes %lld peak_rss_bytes %lld\n",
                median, sorted.front(), sorted.back(), sorted.size(),
                report.ranks, report.threads, report.transport.c_str(),
                static_cast<long long>(report.arenaBytes),
                static_cast<long long>(report.commBytes),
                static_cast<long long>(peak));
    if (report.prediction)
      std::printf(
          "%s\n",
          compareTimes(median, report.threads, *report.prediction).c_str());
  }
  std::fflush(stdout);
}

} // namespace vescale::runtime
