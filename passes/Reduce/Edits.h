//===- Edits.h - Steps that make a program smaller --------------*- C++ -*-===//
//
// Each leaves a program that verifies if it did before, and returns whether it
// changed something.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_PASSES_REDUCE_EDITS_H
#define VESCALE_PASSES_REDUCE_EDITS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace vescale::graph {

/// Keeps the first `count` ops and returns all values that none of them uses.
bool truncate(mlir::func::FuncOp func, size_t count);
/// Replaces the results of ops [begin, end) by parameters.
bool cut(mlir::func::FuncOp func, size_t begin, size_t end);
/// Drops results [begin, end) of the function.
bool dropResults(mlir::func::FuncOp func, size_t begin, size_t end);
/// Erases ops and arguments that nothing uses.
void dropUnused(mlir::func::FuncOp func);

/// The ops of the function but for its terminator.
size_t countOps(mlir::func::FuncOp func);

} // namespace vescale::graph

#endif // VESCALE_PASSES_REDUCE_EDITS_H
