//===- DropoutSites.h - Where a model has dropout ---------------*- C++ -*-===//
#ifndef VESCALE_PASSES_TRAIN_DROPOUTSITES_H
#define VESCALE_PASSES_TRAIN_DROPOUTSITES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "vescale/Train/TrainFile.h"

namespace vescale::train {

/// Sets the rates that are asked for, and puts dropouts where the model has
/// none. Failure comes with an error that names what the model lacks.
llvm::LogicalResult setDropoutRates(mlir::func::FuncOp func,
                                    const DropoutOptions &options);

} // namespace vescale::train

#endif // VESCALE_PASSES_TRAIN_DROPOUTSITES_H
