//===- GalvatronProfile.h - Machine files out of Galvatron's ----*- C++ -*-===//
//
// What Hetu-Galvatron's hardware profiler leaves in its folder of
// configurations, as a machine. Which of its numbers becomes what:
// docs/Reference/machine-file.md.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_COSTMODEL_GALVATRONPROFILE_H
#define VESCALE_COSTMODEL_GALVATRONPROFILE_H

#include "vescale/CostModel/Machine.h"

namespace vescale {

/// `devices` picks one of the clusters profiled in the folder; 0: there is only
/// one. What the profiles don't tell, the device and the latencies of levels,
/// is the base's.
llvm::Expected<Machine> importGalvatron(llvm::StringRef directory,
                                        int64_t devices, const Machine &base);

} // namespace vescale

#endif // VESCALE_COSTMODEL_GALVATRONPROFILE_H
