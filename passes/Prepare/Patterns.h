//===- Patterns.h - Pattern sets that several passes use --------*- C++ -*-===//
#ifndef VESCALE_PASSES_PREPARE_PATTERNS_H
#define VESCALE_PASSES_PREPARE_PATTERNS_H

#include "mlir/IR/PatternMatch.h"

namespace vescale::prepare {

/// Canonicalisation of graph ops and all of graph-simplify.
void populateSimplifyPatterns(mlir::RewritePatternSet &patterns);
/// Movement of broadcasts and flattening reshapes toward the users.
void populateSinkPatterns(mlir::RewritePatternSet &patterns);
/// Transposes, slices and reshapes of parameters become views.
void populateParameterViewPatterns(mlir::RewritePatternSet &patterns);
/// x / sqrt(mean(x²) + ε), and its scale.
void populateRmsNormPatterns(mlir::RewritePatternSet &patterns);
/// Grouped heads, scales and masks that an attention op can take over.
void populateAttentionPatterns(mlir::RewritePatternSet &patterns);

} // namespace vescale::prepare

#endif // VESCALE_PASSES_PREPARE_PATTERNS_H
