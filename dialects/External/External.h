//===- External.h - Our interfaces on other people's ops --------*- C++ -*-===//
//
// External models that give upstream ops what graph ops have of their own, so
// that programs of linalg ops on tensors can be partitioned and evaluated.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_DIALECTS_EXTERNAL_EXTERNAL_H
#define VESCALE_DIALECTS_EXTERNAL_EXTERNAL_H

#include "mlir/IR/DialectRegistry.h"

namespace vescale {

/// Structured linalg ops, named and generic: ShardableOpInterface from their
/// indexing maps, EvaluateOpInterface from their regions.
void registerLinalgModels(mlir::DialectRegistry &registry);

} // namespace vescale

#endif // VESCALE_DIALECTS_EXTERNAL_EXTERNAL_H
