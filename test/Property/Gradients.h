//===- Gradients.h - Random programs that are differentiated ----*- C++ -*-===//
#ifndef VESCALE_TEST_PROPERTY_GRADIENTS_H
#define VESCALE_TEST_PROPERTY_GRADIENTS_H

#include "Generator.h"

namespace vescale::test {

/// A finished program with a loss and its gradients.
struct Gradients {
  /// The float inputs and parameters; the loss's gradient with respect to each,
  /// null where the loss does not depend on it.
  llvm::SmallVector<mlir::Value> values, gradients;
};

/// Whether an op of the program is a derivative already and has none.
bool hasDerivatives(mlir::func::FuncOp main);

/// Makes the program return the loss, an f64 scalar, and the gradients that are
/// there. The loss is the sum of all elements of float results, each times an
/// element of a new input. Failure, with a diagnostic, is an op without a
/// derivative; a program without float results or float inputs stays as it is
/// and gives none.
mlir::FailureOr<Gradients> addGradients(Generator &generator);

} // namespace vescale::test

#endif // VESCALE_TEST_PROPERTY_GRADIENTS_H
