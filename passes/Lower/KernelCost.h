//===- KernelCost.h - What a kernel costs -----------------------*- C++ -*-===//
#ifndef VESCALE_PASSES_LOWER_KERNELCOST_H
#define VESCALE_PASSES_LOWER_KERNELCOST_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace vescale {

/// Scalar operations for a point of the kernel's iteration space, by which the
/// runtime decides on threads. A transcendental function counts as twenty.
int64_t estimateFlopsPerPoint(mlir::func::FuncOp kernel);

} // namespace vescale

#endif // VESCALE_PASSES_LOWER_KERNELCOST_H
