//===- CommandLine.cpp - Help that fits on a screen -------------*- C++ -*-===//

#include "vescale/Support/CommandLine.h"
#include "llvm/Support/CommandLine.h"

void vescale::hideLibraryOptions() {
  for (auto &entry : llvm::cl::getRegisteredOptions()) {
    llvm::cl::Option *option = entry.second;
    if (option->getOptionHiddenFlag() == llvm::cl::NotHidden)
      option->setHiddenFlag(llvm::cl::Hidden);
  }
}
