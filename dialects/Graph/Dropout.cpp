//===- Dropout.cpp - What an export says of dropout -------------*- C++ -*-===//

#include "dialects/Graph/Dropout.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

int64_t graph::removeDropout(Operation *root) {
  int64_t count = 0;
  root->walk([&](Operation *op) {
    if (auto dropout = dyn_cast<DropoutOp>(op);
        dropout && !dropout.getCounters()) {
      dropout.replaceAllUsesWith(dropout.getInput());
      dropout.erase();
      ++count;
    }
    if (auto attention = dyn_cast<AttentionOp>(op);
        attention && attention.getDrop() && !attention.getCounters()) {
      attention.removeDropAttr();
      ++count;
    }
  });
  return count;
}
