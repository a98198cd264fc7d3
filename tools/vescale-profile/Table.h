//===- Table.h - A machine file for people ----------------------*- C++ -*-===//
#ifndef VESCALE_TOOLS_VESCALE_PROFILE_TABLE_H
#define VESCALE_TOOLS_VESCALE_PROFILE_TABLE_H

#include "vescale/CostModel/Machine.h"
#include "llvm/Support/raw_ostream.h"

namespace vescale {

void printTable(const Machine &machine, llvm::raw_ostream &os);

} // namespace vescale

#endif // VESCALE_TOOLS_VESCALE_PROFILE_TABLE_H
