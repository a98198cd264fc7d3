//===- CheckTrainable.cpp - Whether all weights are themselves --*- C++ -*-===//

#include "dialects/Graph/UnnamedWeights.h"
#include "passes/Train/Passes.h"

using namespace mlir;
using namespace vescale;

namespace vescale::train {
#define GEN_PASS_DEF_TRAINCHECKTRAINABLE
#include "passes/Train/Passes.h.inc"
} // namespace vescale::train

namespace {
struct TrainCheckTrainablePass
    : train::impl::TrainCheckTrainableBase<TrainCheckTrainablePass> {
  void runOnOperation() override {
    if (failed(graph::checkAllNamed(getOperation(),
                                    "the model can't be trained as it is")))
      signalPassFailure();
  }
};
} // namespace
