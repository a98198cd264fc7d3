//===- Pipeline.cpp - The passes of training --------------------*- C++ -*-===//

#include "passes/Train/Passes.h"

using namespace mlir;
using namespace vescale;

namespace vescale::train {
#define GEN_PASS_REGISTRATION
#include "passes/Train/Passes.h.inc"
} // namespace vescale::train

void train::registerTrainPhase() { registerTrainPasses(); }
