//===- ReadOptions.cpp - train-read-options ---------------------*- C++ -*-===//

#include "passes/Train/Options.h"
#include "passes/Train/Passes.h"
#include "vescale/Support/Diagnostics.h"

namespace vescale::train {
#define GEN_PASS_DEF_TRAINREADOPTIONS
#include "passes/Train/Passes.h.inc"
} // namespace vescale::train

using namespace mlir;
using namespace vescale;
using namespace vescale::train;

namespace {
struct ReadOptions : vescale::train::impl::TrainReadOptionsBase<ReadOptions> {
  using Base::Base;

  void runOnOperation() override {
    TrainOptions given;
    given.file = file;
    given.set.assign(set.begin(), set.end());
    given.microBatches = microBatches;
    given.plan = plan;
    llvm::Expected<TrainFile> options = resolveTrainFile(given);
    if (failed(report(options.takeError(), &getContext())))
      return signalPassFailure();
    getOperation()->setAttr(
        graph::kTrainAttr,
        StringAttr::get(&getContext(), printTrainFile(*options)));
  }
};
} // namespace
