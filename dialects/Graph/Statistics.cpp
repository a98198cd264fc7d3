//===- Statistics.cpp - What batches are normalized by ----------*- C++ -*-===//

#include "dialects/Graph/Statistics.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

int64_t graph::decomposeStatistics(Operation *root) {
  int64_t count = 0;
  root->walk([&](BatchStatisticsOp op) {
    OpBuilder builder(op);
    op->replaceAllUsesWith(op.decompose(builder));
    op->erase();
    ++count;
  });
  return count;
}
