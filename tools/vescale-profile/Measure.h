//===- Measure.h - Measures this machine ------------------------*- C++ -*-===//
#ifndef VESCALE_TOOLS_VESCALE_PROFILE_MEASURE_H
#define VESCALE_TOOLS_VESCALE_PROFILE_MEASURE_H

#include "vescale/CostModel/Machine.h"

namespace vescale {

struct MeasureOptions {
  int64_t ranks = 0;   ///< 0: as many as cores, by the threads of each.
  int64_t threads = 1; ///< Of each rank.
  bool plain = false;  ///< Messages where ranks could share memory.
  int64_t seconds = 90;
  int64_t rounds = 1;                   ///< At least.
  int64_t maxSize = 4096;               ///< Of a product.
  int64_t maxBytes = int64_t(64) << 20; ///< Of a collective's tensor.
};

/// Starts ranks that measure, and puts together what they found. On failure,
/// which has been told by then, the exit code.
int measureMachine(const MeasureOptions &options, llvm::StringRef toolDirectory,
                   Machine &machine);

} // namespace vescale

#endif // VESCALE_TOOLS_VESCALE_PROFILE_MEASURE_H
