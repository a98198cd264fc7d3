//===- Graph.h - The graph dialect ------------------------------*- C++ -*-===//
//
// The dialect's ops and attributes; see the *Ops.td files beside this one.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_DIALECTS_GRAPH_GRAPH_H
#define VESCALE_DIALECTS_GRAPH_GRAPH_H

#include "dialects/Dist/Dist.h"

#include "dialects/Graph/GraphEnums.h.inc"

#include "dialects/Graph/GraphDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Graph/GraphAttrs.h.inc"

#define GET_OP_CLASSES
#include "dialects/Graph/GraphOps.h.inc"

namespace vescale::graph {

/// The attribute that names main's arguments and results as the model does.
inline constexpr llvm::StringLiteral kNameAttr = "graph.name";
/// The attribute with the layout of main's arguments and results after
/// partition.
inline constexpr llvm::StringLiteral kLayoutAttr = "graph.layout";
/// The attribute with their global type after partition.
inline constexpr llvm::StringLiteral kGlobalTypeAttr = "graph.global";

/// The value's type; all values of graph ops are ranked tensors.
mlir::RankedTensorType typeOf(mlir::Value value);
llvm::ArrayRef<int64_t> shapeOf(mlir::Value value);
int64_t rankOf(mlir::Value value);

/// For each dimension of a parameter's view the stored dimension that it walks
/// along, so that what is said of a weight holds for its transposed views too.
/// A view that is no permutation of the stored dimensions has its own.
llvm::SmallVector<int64_t> storedOrder(mlir::RankedTensorType stored,
                                       llvm::ArrayRef<int64_t> viewStrides);

} // namespace vescale::graph

#endif // VESCALE_DIALECTS_GRAPH_GRAPH_H
