//===- Verify.h - Checks that the ops' verifiers share ----------*- C++ -*-===//
#ifndef VESCALE_DIALECTS_GRAPH_VERIFY_VERIFY_H
#define VESCALE_DIALECTS_GRAPH_VERIFY_VERIFY_H

#include "dialects/Graph/Graph.h"

namespace vescale::graph {

/// "2×3×4", for messages.
std::string formatShape(llvm::ArrayRef<int64_t> shape);

/// The result has this shape.
mlir::LogicalResult verifyResultShape(mlir::Operation *op,
                                      llvm::ArrayRef<int64_t> expected);
/// The operand has this shape; `name` is the operand's name in the .td.
mlir::LogicalResult verifyOperandShape(mlir::Operation *op, unsigned operand,
                                       llvm::StringRef name,
                                       llvm::ArrayRef<int64_t> expected);
/// All given values have one element type.
mlir::LogicalResult verifySameElementType(mlir::Operation *op,
                                          mlir::ValueRange values);
/// 0 ≤ dim < rank.
mlir::LogicalResult verifyDim(mlir::Operation *op, llvm::StringRef name,
                              int64_t dim, int64_t rank);
/// All in range, increasing where `sorted`, none twice.
mlir::LogicalResult verifyDims(mlir::Operation *op, llvm::StringRef name,
                               llvm::ArrayRef<int64_t> dims, int64_t rank,
                               bool sorted);
/// The attribute has one entry for each of `count` dimensions.
mlir::LogicalResult verifyCount(mlir::Operation *op, llvm::StringRef name,
                                llvm::ArrayRef<int64_t> values, int64_t count);
/// All values are at least `low`.
mlir::LogicalResult verifyAtLeast(mlir::Operation *op, llvm::StringRef name,
                                  llvm::ArrayRef<int64_t> values, int64_t low);
/// What says which elements are dropped: a number for each of the rows, and the
/// step, or neither.
mlir::LogicalResult verifyDraw(mlir::Operation *op, mlir::Value counters,
                               mlir::Value step, llvm::ArrayRef<int64_t> rows);

} // namespace vescale::graph

#endif // VESCALE_DIALECTS_GRAPH_VERIFY_VERIFY_H
