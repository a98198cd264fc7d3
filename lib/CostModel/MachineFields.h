//===- MachineFields.h - The words of a machine file ------------*- C++ -*-===//
#ifndef VESCALE_LIB_COSTMODEL_MACHINEFIELDS_H
#define VESCALE_LIB_COSTMODEL_MACHINEFIELDS_H

#include "llvm/ADT/StringRef.h"

namespace vescale {

constexpr llvm::StringLiteral kMachineSchema = "vescale.cluster/1";

/// Of an element type that products have; 0 for other words.
int elementBytes(llvm::StringRef elementType);

} // namespace vescale

#endif // VESCALE_LIB_COSTMODEL_MACHINEFIELDS_H
