//===- Evaluate.h - What the ops' evaluations share -------------*- C++ -*-===//
#ifndef VESCALE_DIALECTS_GRAPH_EVALUATE_EVALUATE_H
#define VESCALE_DIALECTS_GRAPH_EVALUATE_EVALUATE_H

#include "dialects/Graph/Graph.h"

namespace vescale::graph {

using Operands = llvm::ArrayRef<const Tensor *>;

/// The list of one result.
inline Tensors one(Tensor tensor) {
  llvm::SmallVector<Tensor, 1> results;
  results.push_back(std::move(tensor));
  return results;
}

/// The result whose element is `function` of the operands' elements.
Tensor
mapElements(mlir::Value result, Operands operands,
            llvm::function_ref<Element(llvm::ArrayRef<Element>)> function);

/// The result whose element at an index is `function` of the index.
Tensor
mapIndices(mlir::Value result,
           llvm::function_ref<Element(llvm::ArrayRef<int64_t>)> function);

/// softmax of a row of `count` elements, `stride` apart; where `log`, its
/// logarithm.
void softmaxRow(const Elements &e, const Element *from, Element *to,
                int64_t count, int64_t stride, bool log);

} // namespace vescale::graph

#endif // VESCALE_DIALECTS_GRAPH_EVALUATE_EVALUATE_H
