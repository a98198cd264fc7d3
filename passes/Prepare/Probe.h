//===- Probe.h - Single elements of values known at compile time -*- C++ -*-===//
#ifndef VESCALE_PASSES_PREPARE_PROBE_H
#define VESCALE_PASSES_PREPARE_PROBE_H

#include "dialects/Graph/Graph.h"

namespace vescale::prepare {

/// Reads elements of expressions over constants and indices without computing
/// the tensors: masks are known by what they hold, however they are spelled.
class Probe {
public:
  /// Whether the value depends on constants and indices only, through ops that
  /// this class can read.
  bool isKnown(mlir::Value value);

  /// An element of a known value; truth values are 0 and 1.
  double at(mlir::Value value, llvm::ArrayRef<int64_t> index);

private:
  llvm::DenseMap<mlir::Value, bool> known;
};

} // namespace vescale::prepare

#endif // VESCALE_PASSES_PREPARE_PROBE_H
