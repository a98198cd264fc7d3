//===- Statistics.h - What batches are normalized by ------------*- C++ -*-===//
#ifndef VESCALE_DIALECTS_GRAPH_STATISTICS_H
#define VESCALE_DIALECTS_GRAPH_STATISTICS_H

#include "dialects/Graph/Graph.h"

namespace vescale::graph {

/// The attribute of a module that lists parameters that are running statistics:
/// they are no weights, and no optimizer changes them.
inline constexpr llvm::StringLiteral kStatisticsAttr = "graph.statistics";

/// Replaces each graph.batch_statistics by what it is made of: sums that ranks
/// may share, or the running statistics. Returns how many there were.
int64_t decomposeStatistics(mlir::Operation *root);

} // namespace vescale::graph

#endif // VESCALE_DIALECTS_GRAPH_STATISTICS_H
