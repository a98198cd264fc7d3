//===- Random.cpp - Cost of what is drawn -----------------------*- C++ -*-===//

#include "dialects/Graph/Cost/Cost.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

/// Ten rounds of two products, two shifts and four exclusive ors, the choice of
/// a word, a comparison and the product.
VESCALE_COST_PER_ELEMENT(DropoutOp, 86)
