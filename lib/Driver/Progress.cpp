//===- Progress.cpp - Which phase a compilation is in -----------*- C++ -*-===//

#include "vescale/Driver/Progress.h"
#include "llvm/Support/raw_ostream.h"

using namespace vescale;

Progress::Progress() : onTerminal(llvm::errs().is_displayed()) {}

void Progress::begin(Phase phase) {
  if (!onTerminal)
    return;
  end();
  llvm::errs() << '[' << static_cast<int>(phase) + 1 << '/' << phases().size()
               << "] " << phaseName(phase);
  llvm::errs().flush();
  shown = true;
}

void Progress::end() {
  if (shown)
    llvm::errs() << "\r\033[K";
  shown = false;
}
