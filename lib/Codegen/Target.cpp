//===- Target.cpp - The targets there are -----------------------*- C++ -*-===//

#include "vescale/Codegen/Target.h"
#include "lib/Codegen/Cpu/CpuTarget.h"

using namespace vescale;

llvm::Expected<std::unique_ptr<CodegenTarget>>
vescale::createTarget(llvm::StringRef kind, llvm::StringRef march) {
  if (kind == "cpu")
    return createCpuTarget(march);
  return llvm::createStringError("unknown target '" + kind +
                                 "'; there is: cpu");
}
