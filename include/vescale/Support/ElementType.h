//===- ElementType.h - Element types as the runtime has them ----*- C++ -*-===//
#ifndef VESCALE_SUPPORT_ELEMENTTYPE_H
#define VESCALE_SUPPORT_ELEMENTTYPE_H

#include "mlir/IR/BuiltinTypes.h"
#include "runtime/core/abi.h"

namespace vescale {

/// The runtime's number of an element type of graph or rank ops.
vs_dtype abiType(mlir::Type element);

} // namespace vescale

#endif // VESCALE_SUPPORT_ELEMENTTYPE_H
