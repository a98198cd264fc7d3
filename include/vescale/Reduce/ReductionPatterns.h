//===- ReductionPatterns.h - How graph programs get smaller -----*- C++ -*-===//
#ifndef VESCALE_REDUCE_REDUCTIONPATTERNS_H
#define VESCALE_REDUCE_REDUCTIONPATTERNS_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace vescale {

/// Lets MLIR's reducer replace any graph or dist op by parameters, which cuts
/// off what computes its operands.
void registerReductionPatterns(mlir::DialectRegistry &registry);

} // namespace vescale

#endif // VESCALE_REDUCE_REDUCTIONPATTERNS_H
