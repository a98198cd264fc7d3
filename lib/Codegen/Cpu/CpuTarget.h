//===- CpuTarget.h - x86-64 through LLVM ------------------------*- C++ -*-===//
#ifndef VESCALE_LIB_CODEGEN_CPU_CPUTARGET_H
#define VESCALE_LIB_CODEGEN_CPU_CPUTARGET_H

#include "vescale/Codegen/Target.h"

namespace vescale {

llvm::Expected<std::unique_ptr<CodegenTarget>>
createCpuTarget(llvm::StringRef march);

} // namespace vescale

#endif // VESCALE_LIB_CODEGEN_CPU_CPUTARGET_H
