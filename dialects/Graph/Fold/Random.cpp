//===- Random.cpp - Folding what is drawn -----------------------*- C++ -*-===//

#include "dialects/Graph/Graph.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

OpFoldResult DropoutOp::fold(FoldAdaptor) {
  if (getDrop().getRate().getValueAsDouble() == 0 &&
      getInput().getType() == getType())
    return getInput();
  return {};
}
