//===- Evaluate.h - The reference evaluation of an op -----------*- C++ -*-===//
//
// What an op's evaluation may ask about its surroundings; see Evaluate.td.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_DIALECTS_INTERFACES_EVALUATE_H
#define VESCALE_DIALECTS_INTERFACES_EVALUATE_H

#include "mlir/IR/OpDefinition.h"
#include "vescale/Interpreter/Bytes.h"
#include <functional>

namespace vescale {

/// The results of an op, or failure with a diagnostic.
using Tensors = llvm::FailureOr<llvm::SmallVector<Tensor, 1>>;

struct EvaluateContext {
  const Arithmetic &arithmetic;
  /// Makes the contents of undefined elements.
  Random poison;
  /// The rank that the op is evaluated on.
  int64_t rank = 0;
  /// The stored tensor that a parameter op names.
  std::function<llvm::FailureOr<Tensor>(mlir::Operation *)> loadParameter;
  /// Takes what this rank's part of a parameter op is in the next run.
  std::function<void(mlir::Operation *, const Tensor &)> storeParameter;

  explicit EvaluateContext(const Arithmetic &arithmetic, uint64_t seed = 0)
      : arithmetic(arithmetic), poison(seed) {}

  Elements elements(mlir::Type elementType) const {
    return Elements(arithmetic, elementType);
  }
};

} // namespace vescale

#include "dialects/Interfaces/Evaluate.h.inc"

#endif // VESCALE_DIALECTS_INTERFACES_EVALUATE_H
