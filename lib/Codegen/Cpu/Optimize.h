//===- Optimize.h - LLVM's optimiser and code generator ---------*- C++ -*-===//
#ifndef VESCALE_LIB_CODEGEN_CPU_OPTIMIZE_H
#define VESCALE_LIB_CODEGEN_CPU_OPTIMIZE_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include "llvm/Target/TargetMachine.h"

namespace vescale {

/// The instruction set to compile for: `march`, or the best of those known that
/// this machine has. Errors name those known.
llvm::Expected<std::string> chooseIsa(llvm::StringRef march);

llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createTargetMachine(llvm::StringRef isa);

/// Optimises the module and emits it as an object file.
llvm::Expected<llvm::SmallVector<char, 0>>
compileToObject(llvm::Module &module, llvm::TargetMachine &machine);

} // namespace vescale

#endif // VESCALE_LIB_CODEGEN_CPU_OPTIMIZE_H
