//===- KernelEntries.h - Kernels by the runtime's signature -----*- C++ -*-===//
#ifndef VESCALE_LIB_CODEGEN_CPU_KERNELENTRIES_H
#define VESCALE_LIB_CODEGEN_CPU_KERNELENTRIES_H

#include "llvm/IR/Module.h"

namespace vescale {

/// The name of a kernel's entry.
inline std::string kernelEntryName(llvm::StringRef kernel) {
  return (kernel + ".entry").str();
}

/// Gives each kernel function an entry of type vs_kernel_fn, which unpacks the
/// arguments.
void addKernelEntries(llvm::Module &module);

} // namespace vescale

#endif // VESCALE_LIB_CODEGEN_CPU_KERNELENTRIES_H
