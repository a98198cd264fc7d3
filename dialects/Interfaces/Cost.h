//===- Cost.h - The work of an op -------------------------------*- C++ -*-===//
//
// Operations and bytes, free of any machine; see Cost.td.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_DIALECTS_INTERFACES_COST_H
#define VESCALE_DIALECTS_INTERFACES_COST_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"

namespace vescale {

struct OpCost {
  /// Scalar operations; a multiply-add is two.
  int64_t flops = 0;
  int64_t bytesRead = 0;
  int64_t bytesWritten = 0;
};

/// The bytes of a dense tensor; a truth value takes one.
int64_t getBytes(mlir::RankedTensorType type);

/// `flops`, reading all of the operands and writing all of the results.
OpCost streamingCost(int64_t flops,
                     llvm::ArrayRef<mlir::RankedTensorType> operandTypes,
                     llvm::ArrayRef<mlir::RankedTensorType> resultTypes);

/// The cost of an op with CostOpInterface at its own types.
OpCost getCost(mlir::Operation *op);

} // namespace vescale

#include "dialects/Interfaces/Cost.h.inc"

#endif // VESCALE_DIALECTS_INTERFACES_COST_H
