//===- Passes.h - The partition phase ---------------------------*- C++ -*-===//
#ifndef VESCALE_PASSES_PARTITION_PASSES_H
#define VESCALE_PASSES_PARTITION_PASSES_H

#include <memory>

namespace mlir {
class OpPassManager;
class Pass;
} // namespace mlir

namespace vescale::dist {

#define GEN_PASS_DECL
#include "passes/Partition/Passes.h.inc"

/// layouts → local programs: partition, common subexpressions, verification.
void buildPartitionPipeline(mlir::OpPassManager &pm);

#define GEN_PASS_REGISTRATION
#include "passes/Partition/Passes.h.inc"

/// The phase's passes and its pipeline, `dist-partition-pipeline`.
void registerPartitionPhase();

} // namespace vescale::dist

#endif // VESCALE_PASSES_PARTITION_PASSES_H
