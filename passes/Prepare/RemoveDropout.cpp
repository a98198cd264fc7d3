//===- RemoveDropout.cpp - graph-remove-dropout -----------------*- C++ -*-===//

#include "dialects/Graph/Dropout.h"
#include "passes/Prepare/Passes.h"

namespace vescale::prepare {
#define GEN_PASS_DEF_GRAPHREMOVEDROPOUT
#include "passes/Prepare/Passes.h.inc"
} // namespace vescale::prepare

using namespace mlir;
using namespace vescale;

namespace {
struct GraphRemoveDropout
    : prepare::impl::GraphRemoveDropoutBase<GraphRemoveDropout> {
  void runOnOperation() override {
    int64_t count = graph::removeDropout(getOperation());
    removed += count;
    if (count)
      mlir::emitWarning(getOperation().getLoc())
          << "the model was exported in training mode; its " << count
          << " dropouts are off in a program that is not trained";
  }
};
} // namespace
