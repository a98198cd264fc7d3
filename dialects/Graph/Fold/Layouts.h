//===- Layouts.h - Which patterns may run on types with layouts -*- C++ -*-===//
#ifndef VESCALE_DIALECTS_GRAPH_FOLD_LAYOUTS_H
#define VESCALE_DIALECTS_GRAPH_FOLD_LAYOUTS_H

#include "dialects/Graph/Graph.h"

namespace vescale::graph {

/// Whether a type of the op carries a layout. Layouts make intermediate values
/// meaningful; patterns that drop one run only before plan and after partition.
inline bool hasLayout(mlir::Operation *op) {
  auto encoded = [](mlir::Type type) {
    auto tensor = llvm::dyn_cast<mlir::RankedTensorType>(type);
    return tensor && tensor.getEncoding() != nullptr;
  };
  return llvm::any_of(op->getOperandTypes(), encoded) ||
         llvm::any_of(op->getResultTypes(), encoded);
}

/// The operand's defining op of type Inner if neither it nor `op` has layouts.
template <typename Inner>
Inner innerWithoutLayout(mlir::Operation *op, mlir::Value operand) {
  auto inner = operand.getDefiningOp<Inner>();
  return inner && !hasLayout(op) && !hasLayout(inner) ? inner : Inner();
}

} // namespace vescale::graph

#endif // VESCALE_DIALECTS_GRAPH_FOLD_LAYOUTS_H
