//===- Pipeline.cpp - The prepare phase -------------------------*- C++ -*-===//

#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Prepare/Passes.h"

using namespace mlir;
using namespace vescale;

void prepare::buildPreparePipeline(OpPassManager &pm) {
  pm.addPass(createGraphSimplify());
  // Equal subexpressions are one value from here on, which matching relies on.
  pm.addPass(createCSEPass());
  // Norms: first the general form, which the layer norm is built on.
  pm.addPass(createGraphRaiseRmsNorm());
  pm.addPass(createGraphRaiseLayerNorm());
  pm.addPass(createGraphRaiseGelu());
  pm.addPass(createGraphRaiseSilu());
  // Rotations before attention, which looks through them for scales.
  pm.addPass(createGraphRaiseRotary());
  pm.addPass(createGraphRaiseSoftmax());
  pm.addPass(createGraphRaiseAttention());
  // What a rotation read as slices is whole again, so projections split into
  // queries, keys and values and no further.
  pm.addPass(createGraphFoldParameterViews());
  pm.addPass(createGraphSplitQkv());
  pm.addPass(createGraphSimplify());
  pm.addPass(createGraphFoldParameterViews());
  pm.addPass(createCSEPass());
  pm.addPass(createGraphVerifyPrepared());
}

namespace vescale::prepare {
#define GEN_PASS_REGISTRATION
#include "passes/Prepare/Passes.h.inc"
} // namespace vescale::prepare

void prepare::registerPreparePhase() {
  registerPreparePasses();
  PassPipelineRegistration<>("prepare",
                             "Simplify, raise composites, split projections",
                             buildPreparePipeline);
}
