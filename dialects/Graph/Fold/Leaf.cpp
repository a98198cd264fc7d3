//===- Leaf.cpp - Folding of constants and casts ----------------*- C++ -*-===//

#include "dialects/Graph/Graph.h"

using namespace mlir;
using namespace vescale::graph;

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

OpFoldResult CastOp::fold(FoldAdaptor) {
  return getInput().getType() == getResult().getType() ? getInput() : Value();
}
