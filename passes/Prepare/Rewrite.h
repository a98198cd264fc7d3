//===- Rewrite.h - Applying patterns until nothing changes ------*- C++ -*-===//
#ifndef VESCALE_PASSES_PREPARE_REWRITE_H
#define VESCALE_PASSES_PREPARE_REWRITE_H

#include "mlir/IR/PatternMatch.h"

namespace vescale::prepare {

/// Applies the patterns and all folds in `root` until nothing changes. Sets of
/// patterns that undo each other's work are caught by a bound on the number of
/// rewrites far above what any model needs; reaching it is an error at `root`.
mlir::LogicalResult rewriteToFixpoint(mlir::Operation *root,
                                      mlir::RewritePatternSet patterns);

} // namespace vescale::prepare

#endif // VESCALE_PASSES_PREPARE_REWRITE_H
