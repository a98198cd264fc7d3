//===- Random.cpp - Derivatives of what is drawn ----------------*- C++ -*-===//

#include "dialects/Graph/Gradient/Term.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

VESCALE_CARRIES_FLOATS(DropoutOp)

/// What was dropped has no gradient, what was kept counts as much as it did:
/// the same draw again.
LogicalResult DropoutOp::differentiate(GradientBuilder &gradients) {
  Term dy(gradients, gradients.result());
  gradients.set(
      0, dy.make<DropoutOp>(dy, getCounters(), getStep(), getDropAttr()));
  return success();
}
