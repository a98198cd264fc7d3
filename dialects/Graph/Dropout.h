//===- Dropout.h - What an export says of dropout ---------------*- C++ -*-===//
#ifndef VESCALE_DIALECTS_GRAPH_DROPOUT_H
#define VESCALE_DIALECTS_GRAPH_DROPOUT_H

#include "dialects/Graph/Graph.h"

namespace vescale::graph {

/// The attribute of a module that lists, as messages have them, the dropouts
/// that the export has switched off.
inline constexpr llvm::StringLiteral kDropoutsOffAttr = "graph.dropouts_off";

/// Takes out all dropouts that nothing has been drawn for; returns how many.
int64_t removeDropout(mlir::Operation *root);

} // namespace vescale::graph

#endif // VESCALE_DIALECTS_GRAPH_DROPOUT_H
