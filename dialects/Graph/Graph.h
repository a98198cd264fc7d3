//===- Graph.h - The graph dialect ------------------------------*- C++ -*-===//
//
// The dialect's ops and attributes; see the *Ops.td files beside this one.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_DIALECTS_GRAPH_GRAPH_H
#define VESCALE_DIALECTS_GRAPH_GRAPH_H

#include "dialects/Dist/Dist.h"
#include "dialects/Interfaces/Differentiate.h"

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

/// The attribute of a module that is trained, with the text of the resolved
/// train file.
inline constexpr llvm::StringLiteral kTrainAttr = "graph.train";

/// The mark of ops that the optimizer consists of: they compute new state from
/// gradients and old state.
inline constexpr llvm::StringLiteral kOptimizerAttr = "graph.optimizer";

/// The mark of a parameter that is empty whenever a step ends, so that no
/// checkpoint has it; its layout is that of what is added to it.
inline constexpr llvm::StringLiteral kTransientAttr = "graph.transient";
/// The function that a training program runs for all micro-batches of a step
/// but the last, for which it runs `main`.
inline constexpr llvm::StringLiteral kAccumulateName = "accumulate";

/// The mark of an op whose results count as constants when derivatives are
/// taken.
inline constexpr llvm::StringLiteral kDetachedAttr = "graph.detached";

/// The attribute of a module that lists tensors of the model's file that may
/// hold weights without being a named parameter. A module without it says
/// nothing of its unnamed ones.
inline constexpr llvm::StringLiteral kUnnamedAttr = "graph.unnamed_weights";

/// The attribute of an argument or a parameter op whose gradient is wanted.
inline constexpr llvm::StringLiteral kTrainedAttr = "graph.trained";
/// The attribute of what differentiation builds. It keeps such an op from being
/// merged with an equal one of the forward program, whose value would then have
/// to be kept until the backward program reads it.
inline constexpr llvm::StringLiteral kBackwardAttr = "graph.backward";

/// The number that an op and the op of the backward program share which
/// computes its value again.
inline constexpr llvm::StringLiteral kRecomputedAttr = "graph.recomputed";
/// The attribute of a training module that says what its backward program
/// recomputes, as the flag spells it.
inline constexpr llvm::StringLiteral kRecomputeAttr = "graph.recompute";

/// Whether the op is a node's gradient, which has the node's name and location,
/// and not the node itself, be it computed again.
bool isGradient(mlir::Operation *op);

/// The value's type; all values of graph ops are ranked tensors.
mlir::RankedTensorType typeOf(mlir::Value value);
llvm::ArrayRef<int64_t> shapeOf(mlir::Value value);
int64_t rankOf(mlir::Value value);

/// For each dimension of a parameter's view the dimension of the author's
/// parameter (of the stored one where there is no `author`) that it walks
/// along, so that what is said of a weight holds however it is stored and read.
/// A view that is no permutation of the dimensions has its own.
llvm::SmallVector<int64_t> parameterOrder(AuthorAttr author,
                                          mlir::RankedTensorType stored,
                                          llvm::ArrayRef<int64_t> viewStrides);

/// What follows `named` in the text of an op: the attribute's, or nothing.
mlir::ParseResult parseAuthor(mlir::OpAsmParser &parser, AuthorAttr &author);
void printAuthor(mlir::OpAsmPrinter &printer, mlir::Operation *op,
                 AuthorAttr author);

/// The shape of the author's parameter that is stored as `stored`.
llvm::SmallVector<int64_t> authorShape(AuthorAttr author,
                                       mlir::RankedTensorType stored);

struct StridedView {
  int64_t offset;
  llvm::SmallVector<int64_t> strides;
};
/// A view of `shape` on the stored tensor as a view on the author's; nullopt if
/// it is not strided there.
std::optional<StridedView> authorView(AuthorAttr author,
                                      mlir::RankedTensorType stored,
                                      llvm::ArrayRef<int64_t> shape,
                                      const StridedView &view);

} // namespace vescale::graph

#endif // VESCALE_DIALECTS_GRAPH_GRAPH_H
