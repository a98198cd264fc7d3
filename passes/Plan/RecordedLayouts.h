//===- RecordedLayouts.h - Layouts of ops that a plan keeps -----*- C++ -*-===//
#ifndef VESCALE_PASSES_PLAN_RECORDEDLAYOUTS_H
#define VESCALE_PASSES_PLAN_RECORDEDLAYOUTS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace vescale::dist {

/// Notes in the module, as `dist.recorded`, the layouts of ops that were asked
/// for one, by the names of the model's nodes: the bundle's plan repeats them.
/// An op is left out if no name of its stands for this layout alone.
void recordLayouts(mlir::func::FuncOp func,
                   llvm::ArrayRef<mlir::OpResult> values);

} // namespace vescale::dist

#endif // VESCALE_PASSES_PLAN_RECORDEDLAYOUTS_H
