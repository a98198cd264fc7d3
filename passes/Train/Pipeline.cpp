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
  llvm::append_range(read.set, options.set);
  read.microBatches = options.microBatches;
  read.plan = options.plan;
  pm.addPass(createTrainReadOptions(read));
  pm.addPass(createTrainCheckTrainable());
  pm.addPass(createTrainAddLoss());
  pm.addPass(createTrainCheckData());
  // Unused outputs, and what led to them alone, are gone when parameters are
  // looked at.
  pm.addPass(createCanonicalizerPass());
  if (!options.forwardOnly)
    pm.addPass(createTrainOwnParameters());
  pm.addPass(createTrainLowerPrecision());
  pm.addPass(createTrainAddEvaluation());
  // Behind it: what is evaluated has no dropout, and normalizes by running
  // statistics.
  pm.addPass(createTrainAddStatistics());
  pm.addPass(createTrainAddDropout());
  if (options.forwardOnly) {
    pm.addPass(createCanonicalizerPass());
    pm.addPass(createCSEPass());
    return;
  }
  pm.addPass(createTrainAddOptimizer());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  TrainRecomputeOptions recompute;
  recompute.mode = options.recompute;
  recompute.plan = options.plan;
  pm.addPass(createTrainRecompute(recompute));
}

namespace {
struct PipelineOptions : PassPipelineOptions<PipelineOptions> {
  Option<std::string> file{*this, "file", llvm::cl::desc("the train file")};
  Option<int64_t> microBatches{*this, "micro-batches",
                               llvm::cl::desc("takes the place of the file's")};
  ListOption<std::string> set{*this, "set",
                              llvm::cl::desc("FIELD=VALUE of the train file")};
  Option<std::string> recompute{
      *this, "recompute",
      llvm::cl::desc("none, selective, full, or names of modules and nodes")};
  Option<std::string> plan{*this, "plan", llvm::cl::desc("the plan file")};
};
} // namespace

void train::registerTrainPhase() {
  registerTrainPasses();
  PassPipelineRegistration<PipelineOptions>(
      "train-pipeline", "From a prepared model to its training step",
      [](OpPassManager &pm, const PipelineOptions &options) {
        TrainOptions train;
        train.file = options.file;
        train.set.assign(options.set.begin(), options.set.end());
        train.microBatches = options.microBatches;
        train.recompute = options.recompute;
        train.plan = options.plan;
        buildTrainPipeline(pm, train);
      });
}
