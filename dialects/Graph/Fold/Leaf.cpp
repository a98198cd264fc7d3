//===- Leaf.cpp - Folding of constants --------------------------*- C++ -*-===//

#include "dialects/Graph/Graph.h"

using namespace mlir;
using namespace vescale::graph;

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }
