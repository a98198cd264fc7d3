//===- MachinePresets.h - Well-known clusters by name -----------*- C++ -*-===//
#ifndef VESCALE_LIB_COSTMODEL_MACHINEPRESETS_H
#define VESCALE_LIB_COSTMODEL_MACHINEPRESETS_H

#include "vescale/CostModel/Machine.h"

namespace vescale {

std::vector<std::string> presetNames();

/// Whether a text is a preset's name, whatever number follows.
bool isPreset(llvm::StringRef text);

/// "NAME:DEVICES"
llvm::Expected<Machine> makePreset(llvm::StringRef text);

} // namespace vescale

#endif // VESCALE_LIB_COSTMODEL_MACHINEPRESETS_H
