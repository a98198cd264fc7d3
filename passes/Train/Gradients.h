//===- Gradients.h - Reverse-mode differentiation ---------------*- C++ -*-===//
#ifndef VESCALE_PASSES_TRAIN_GRADIENTS_H
#define VESCALE_PASSES_TRAIN_GRADIENTS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseSet.h"

namespace vescale::train {

struct Gradients {
  /// One for each value; null where the loss does not depend on it.
  llvm::SmallVector<mlir::Value> values;
  /// Of what they are made of, the sums over a batch's samples: where what is
  /// computed from samples hands a gradient to what is not.
  llvm::DenseSet<mlir::Value> sampleSums;
};

/// The gradients of `loss`, a float scalar of the function, with respect to
/// each of `values`. They are built at the end of the function and carry the
/// attribute `graph.backward`. Ops of the forward program may be replaced by
/// others that give the same values. Failure comes with an error at the op that
/// cannot be differentiated.
mlir::FailureOr<Gradients> buildGradients(mlir::func::FuncOp function,
                                          mlir::Value loss,
                                          mlir::ValueRange values);

} // namespace vescale::train

#endif // VESCALE_PASSES_TRAIN_GRADIENTS_H
