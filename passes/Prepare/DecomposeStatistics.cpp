//===- DecomposeStatistics.cpp - graph-decompose-statistics -----*- C++ -*-===//

#include "dialects/Graph/Statistics.h"
#include "passes/Prepare/Passes.h"

namespace vescale::prepare {
#define GEN_PASS_DEF_GRAPHDECOMPOSESTATISTICS
#include "passes/Prepare/Passes.h.inc"
} // namespace vescale::prepare

using namespace mlir;
using namespace vescale;

namespace {
struct GraphDecomposeStatistics
    : prepare::impl::GraphDecomposeStatisticsBase<GraphDecomposeStatistics> {
  void runOnOperation() override {
    decomposed += graph::decomposeStatistics(getOperation());
  }
};
} // namespace
