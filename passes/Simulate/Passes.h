//===- Passes.h - What programs take, shown ---------------------*- C++ -*-===//
#ifndef VESCALE_PASSES_SIMULATE_PASSES_H
#define VESCALE_PASSES_SIMULATE_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace vescale {

#define GEN_PASS_DECL
#include "passes/Simulate/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "passes/Simulate/Passes.h.inc"

} // namespace vescale

#endif // VESCALE_PASSES_SIMULATE_PASSES_H
