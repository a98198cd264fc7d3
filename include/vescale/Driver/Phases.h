//===- Phases.h - The way of a model ----------------------------*- C++ -*-===//
//
// One enum for --compile-to, --compile-from and --dump-phases.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_DRIVER_PHASES_H
#define VESCALE_DRIVER_PHASES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace vescale {

enum class Phase { Import, Prepare, Plan, Partition, Schedule, Lower, Emit };

struct PhaseInfo {
  Phase phase;
  llvm::StringLiteral name;
  /// What the IR is after it.
  llvm::StringLiteral description;
};

/// All phases, in order.
llvm::ArrayRef<PhaseInfo> phases();
llvm::StringRef phaseName(Phase phase);

} // namespace vescale

#endif // VESCALE_DRIVER_PHASES_H
