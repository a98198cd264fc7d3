//===- UnnamedWeights.h - Weights under no name of the author's -*- C++ -*-===//
#ifndef VESCALE_DIALECTS_GRAPH_UNNAMEDWEIGHTS_H
#define VESCALE_DIALECTS_GRAPH_UNNAMEDWEIGHTS_H

#include "mlir/IR/Operation.h"

namespace vescale::graph {

/// The tensors of the model's file that may hold weights without being a named
/// parameter; nullopt where the module says nothing of them.
std::optional<llvm::SmallVector<llvm::StringRef>>
unnamedWeights(mlir::Operation *module);

/// Fails with `what` is wrong and their names unless there are none. Where the
/// module says nothing of them, every parameter of the file must be named.
mlir::LogicalResult checkAllNamed(mlir::Operation *module,
                                  const llvm::Twine &what);

} // namespace vescale::graph

#endif // VESCALE_DIALECTS_GRAPH_UNNAMEDWEIGHTS_H
