//===- Cost.h - What the ops' costs share -----------------------*- C++ -*-===//
#ifndef VESCALE_DIALECTS_GRAPH_COST_COST_H
#define VESCALE_DIALECTS_GRAPH_COST_COST_H

#include "dialects/Graph/Graph.h"

namespace vescale::graph {

using TensorTypes = llvm::ArrayRef<mlir::RankedTensorType>;

/// `perElement` operations for each element of the first result.
inline OpCost perResultElement(int64_t perElement, TensorTypes operandTypes,
                               TensorTypes resultTypes) {
  return streamingCost(perElement * resultTypes.front().getNumElements(),
                       operandTypes, resultTypes);
}

} // namespace vescale::graph

/// Defines OP::getCost as a number of operations per result element.
#define VESCALE_COST_PER_ELEMENT(OP, COUNT)                                    \
  vescale::OpCost OP::getCost(TensorTypes operandTypes,                        \
                              TensorTypes resultTypes) {                       \
    return perResultElement(COUNT, operandTypes, resultTypes);                 \
  }

#endif // VESCALE_DIALECTS_GRAPH_COST_COST_H
