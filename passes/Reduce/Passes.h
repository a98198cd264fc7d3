//===- Passes.h - Making failing programs smaller ---------------*- C++ -*-===//
#ifndef VESCALE_PASSES_REDUCE_PASSES_H
#define VESCALE_PASSES_REDUCE_PASSES_H

#include "mlir/Pass/Pass.h"

namespace vescale::graph {

#define GEN_PASS_DECL
#include "passes/Reduce/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "passes/Reduce/Passes.h.inc"

} // namespace vescale::graph

#endif // VESCALE_PASSES_REDUCE_PASSES_H
