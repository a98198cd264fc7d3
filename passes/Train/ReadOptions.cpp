//===- ReadOptions.cpp - train-read-options ---------------------*- C++ -*-===//

#include "passes/Train/Options.h"
#include "passes/Train/Passes.h"

namespace vescale::train {
#define GEN_PASS_DEF_TRAINREADOPTIONS
#include "passes/Train/Passes.h.inc"
} // namespace vescale::train

using namespace mlir;
using namespace vescale;

namespace {
struct ReadOptions : vescale::train::impl::TrainReadOptionsBase<ReadOptions> {
  using Base::Base;

  void runOnOperation() override {
    llvm::Expected<TrainFile> options = readTrainFile(file);
    if (!options) {
      emitError(UnknownLoc::get(&getContext()),
                llvm::toString(options.takeError()));
      return signalPassFailure();
    }
    if (microBatches)
      options->microBatches = microBatches;
    getOperation()->setAttr(
        graph::kTrainAttr,
        StringAttr::get(&getContext(), printTrainFile(*options)));
  }
};
} // namespace
