//===- Pipeline.cpp - From a model to its training step ---------*- C++ -*-===//

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Train/Passes.h"

using namespace mlir;
using namespace vescale;

namespace vescale::train {
#define GEN_PASS_REGISTRATION
#include "passes/Train/Passes.h.inc"
} // namespace vescale::train

void train::buildTrainPipeline(OpPassManager &pm, const TrainOptions &options) {
  TrainReadOptionsOptions read;
  read.file = options.file;
  read.microBatches = options.microBatches;
  pm.addPass(createTrainReadOptions(read));
  pm.addPass(createTrainCheckTrainable());
  pm.addPass(createTrainAddLoss());
  // Unused outputs, and what led to them alone, are gone when parameters are
  // looked at.
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createTrainOwnParameters());
  pm.addPass(createTrainLowerPrecision());
  pm.addPass(createTrainAddEvaluation());
  // Behind it: what is evaluated has no dropout.
  pm.addPass(createTrainAddDropout());
  pm.addPass(createTrainAddOptimizer());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  if (options.recompute != "none")
    pm.addPass(createTrainRecompute(TrainRecomputeOptions{options.recompute}));
}

namespace {
struct PipelineOptions : PassPipelineOptions<PipelineOptions> {
  Option<std::string> file{*this, "file", llvm::cl::desc("the train file")};
  Option<int64_t> microBatches{*this, "micro-batches",
                               llvm::cl::desc("takes the place of the file's")};
  Option<std::string> recompute{*this, "recompute",
                                llvm::cl::desc("none, selective or full"),
                                llvm::cl::init("none")};
};
} // namespace

void train::registerTrainPhase() {
  registerTrainPasses();
  PassPipelineRegistration<PipelineOptions>(
      "train-pipeline", "From a prepared model to its training step",
      [](OpPassManager &pm, const PipelineOptions &options) {
        buildTrainPipeline(
            pm, {options.file, options.microBatches, options.recompute});
      });
}
