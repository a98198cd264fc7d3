//===- Pipeline.cpp - The phase lower ---------------------------*- C++ -*-===//

#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Lower/Passes.h"

using namespace mlir;
using namespace vescale;

void vescale::buildLowerPipeline(OpPassManager &passes,
                                 const LowerOptions &options) {
  // Types are local now, so duplicates that partition made fold safely.
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  passes.addPass(createLowerSupportedTypes());
  passes.addPass(createLowerToRank(LowerToRankOptions{options.threads}));
  // Index arithmetic of the kernels, so that equal kernels are equal text.
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  passes.addPass(createDedupeKernels());
  // Before buffers have places, since they live while exchanges use them.
  passes.addPass(createOrderWork(OrderWorkOptions{options.bucketBytes}));
  ScheduleCollectivesOptions schedule;
  schedule.bucketBytes = options.bucketBytes;
  passes.addPass(createScheduleCollectives(schedule));
  passes.addPass(createPlanArena());
  passes.addPass(createVerifyLowered());
}

void vescale::registerLowerPhase() {
  registerVescaleLowerPasses();
  PassPipelineRegistration<>(
      "vescale-lower",
      "The phase lower: local graph ops to a rank "
      "program",
      [](OpPassManager &passes) { buildLowerPipeline(passes); });
}
