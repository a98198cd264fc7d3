// What a run prints about itself on stdout.
#ifndef VESCALE_RUNTIME_CORE_REPORT_H
#define VESCALE_RUNTIME_CORE_REPORT_H

#include "runtime/core/Prediction.h"

namespace vescale::runtime {

struct RunReport {
  std::vector<double> stepMs; // of the slowest rank, one for each run
  int ranks, threads;
  std::string transport;
  int64_t arenaBytes, commBytes;
  std::optional<int64_t> heldBytes; // HeldMemory
  std::optional<Prediction> prediction;
};

void printTimes(const RunReport &report, bool json);

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_CORE_REPORT_H
