//===- OpTime.h - How long an op takes on a machine -------------*- C++ -*-===//
//
// Prices `graph` ops by their cost interface and the machine file alone. Times
// in microseconds.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_COSTMODEL_OPTIME_H
#define VESCALE_COSTMODEL_OPTIME_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"

namespace vescale {

class Machine;

/// batch times m×k by k×n.
struct ProductShape {
  int64_t batch = 1, m = 1, n = 1, k = 1;

  /// The same product with its operands and result in other places: of the
  /// gradient of the left operand, and of the right one.
  ProductShape forLhs() const { return {batch, m, k, n}; }
  ProductShape forRhs() const { return {batch, k, n, m}; }
};

/// The product that a `graph.dot` makes on operands of these types; nothing for
/// other ops.
std::optional<ProductShape>
productOf(mlir::Operation *op,
          llvm::ArrayRef<mlir::RankedTensorType> operandTypes);

/// The name of an element type in machine files: "f32", "bf16".
std::string elementName(mlir::Type element);

/// The time of an op on operands and results of these types, those of one
/// rank's shards.
double opTime(mlir::Operation *op,
              llvm::ArrayRef<mlir::RankedTensorType> operandTypes,
              llvm::ArrayRef<mlir::RankedTensorType> resultTypes,
              const Machine &machine);

/// Whether the op moves no bytes and computes nothing once it is lowered:
/// another name for its operand, or a value that lies there from the start.
bool isFree(mlir::Operation *op);

} // namespace vescale

#endif // VESCALE_COSTMODEL_OPTIME_H
