//===- Phases.cpp - The way of a model --------------------------*- C++ -*-===//

#include "vescale/Driver/Phases.h"

using namespace vescale;

static constexpr PhaseInfo kPhases[] = {
    {Phase::Import, "import", "graph ops as the model has them"},
    {Phase::Prepare, "prepare", "graph ops, composites raised"},
    {Phase::Plan, "plan", "graph ops with layouts and reshards"},
    {Phase::Partition, "partition", "one rank's ops and collectives"},
    {Phase::Schedule, "schedule", "the same, in the order they run"},
    {Phase::Lower, "lower", "a rank program with its arena"},
    {Phase::Emit, "emit", "a bundle of executables"},
};

llvm::ArrayRef<PhaseInfo> vescale::phases() { return kPhases; }

llvm::StringRef vescale::phaseName(Phase phase) {
  return kPhases[static_cast<int>(phase)].name;
}
