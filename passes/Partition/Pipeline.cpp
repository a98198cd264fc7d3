//===- Pipeline.cpp - The partition phase -----------------------*- C++ -*-===//

#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Partition/Passes.h"

using namespace mlir;
using namespace vescale;

void dist::buildPartitionPipeline(OpPassManager &pm) {
  pm.addPass(createPartitionPass());
  // Two uses of a value may have asked for the same shard or mask.
  pm.addPass(createCSEPass());
  pm.addPass(createVerifyPartitionedPass());
}

void dist::registerPartitionPhase() {
  registerPartitionPasses();
  PassPipelineRegistration<>("dist-partition-pipeline",
                             "From layouts to verified local programs",
                             buildPartitionPipeline);
}
