//===- BindCheckpoint.h - Weights by name from a checkpoint -----*- C++ -*-===//
#ifndef VESCALE_LIB_DRIVER_BINDCHECKPOINT_H
#define VESCALE_LIB_DRIVER_BINDCHECKPOINT_H

#include "mlir/IR/BuiltinOps.h"

namespace vescale {

/// Makes each parameter of an imported module a view on the tensor that the
/// checkpoint at `path` has under its name. Failure after an error that lists
/// what may hold weights without having a name, or is not in the checkpoint.
llvm::LogicalResult bindCheckpoint(mlir::ModuleOp module, llvm::StringRef path);

} // namespace vescale

#endif // VESCALE_LIB_DRIVER_BINDCHECKPOINT_H
