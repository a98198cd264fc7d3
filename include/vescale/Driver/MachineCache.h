//===- MachineCache.h - This machine's file, measured once ------*- C++ -*-===//
#ifndef VESCALE_DRIVER_MACHINECACHE_H
#define VESCALE_DRIVER_MACHINECACHE_H

#include "vescale/CostModel/Machine.h"

namespace vescale {

/// What this machine is for so many ranks, each with its part of the cores: the
/// file that `profiler` (vescale-profile's path) has measured, which is kept in
/// the user's cache directory and found there the next time. It speaks of its
/// progress to stderr.
llvm::Expected<Machine> thisMachine(int64_t ranks, llvm::StringRef profiler);

} // namespace vescale

#endif // VESCALE_DRIVER_MACHINECACHE_H
