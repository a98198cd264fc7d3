//===- MemoryReport.h - What recomputation saves ----------------*- C++ -*-===//
//
// Compiles a training step with each choice of recomputation, for a comparison
// of the memory that it takes and of the work that it costs.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_DRIVER_MEMORYREPORT_H
#define VESCALE_DRIVER_MEMORYREPORT_H

#include "vescale/Driver/Compiler.h"
#include <vector>

namespace vescale {

/// A rank's memory, and the operations of its products in a step.
struct MemoryRow {
  /// As --recompute says it.
  std::string recompute;
  int64_t arenaBytes = 0, commBytes = 0, stepFlops = 0;
};

/// One row for none, selective and full, and for the choice of the options if
/// that is another. Empty after printing errors; `failed` is then the phase.
std::vector<MemoryRow> compareRecomputation(const CompilerOptions &options,
                                            mlir::MLIRContext *context,
                                            Phase &failed);

/// The rows as a table for people, or as JSON.
void printMemoryRows(llvm::ArrayRef<MemoryRow> rows, bool asJson,
                     llvm::raw_ostream &os);

} // namespace vescale

#endif // VESCALE_DRIVER_MEMORYREPORT_H
