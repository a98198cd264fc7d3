//===- Machine.h - Processor and memory -------------------------*- C++ -*-===//
#ifndef VESCALE_LIB_REPORT_MACHINE_H
#define VESCALE_LIB_REPORT_MACHINE_H

#include "vescale/Report/Environment.h"

namespace vescale {

Processor readProcessor();
Memory readMemory();

} // namespace vescale

#endif // VESCALE_LIB_REPORT_MACHINE_H
