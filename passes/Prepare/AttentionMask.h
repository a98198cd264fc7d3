//===- AttentionMask.h - What a mask says -----------------------*- C++ -*-===//
#ifndef VESCALE_PASSES_PREPARE_ATTENTIONMASK_H
#define VESCALE_PASSES_PREPARE_ATTENTIONMASK_H

#include "mlir/IR/PatternMatch.h"

namespace vescale::prepare {

/// Masks in their smallest form: without repeated dimensions, boolean where
/// they only hide, as `causal` and `window` where that is proved.
void populateAttentionMaskPatterns(mlir::RewritePatternSet &patterns);

/// Causal masks that hide by a finite number, together with padding that only a
/// run knows.
void populateSoftCausalPatterns(mlir::RewritePatternSet &patterns);

} // namespace vescale::prepare

#endif // VESCALE_PASSES_PREPARE_ATTENTIONMASK_H
