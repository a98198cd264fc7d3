//===- Interfaces.cpp - Interfaces that dialects share ----------*- C++ -*-===//

#include "dialects/Interfaces/Cost.h"
#include "dialects/Interfaces/Differentiate.h"
#include "dialects/Interfaces/Evaluate.h"

using namespace mlir;
using namespace vescale;

#include "dialects/Interfaces/Cost.cpp.inc"
#include "dialects/Interfaces/Differentiate.cpp.inc"
#include "dialects/Interfaces/Evaluate.cpp.inc"

int64_t vescale::getBytes(RankedTensorType type) {
  return type.getNumElements() *
         llvm::divideCeil(type.getElementTypeBitWidth(), 8);
}

OpCost vescale::streamingCost(int64_t flops,
                              ArrayRef<RankedTensorType> operandTypes,
                              ArrayRef<RankedTensorType> resultTypes) {
  OpCost cost;
  cost.flops = flops;
  for (RankedTensorType type : operandTypes)
    cost.bytesRead += getBytes(type);
  for (RankedTensorType type : resultTypes)
    cost.bytesWritten += getBytes(type);
  return cost;
}

OpCost vescale::getCost(Operation *op) {
  SmallVector<RankedTensorType> operands, results;
  for (Type type : op->getOperandTypes())
    operands.push_back(cast<RankedTensorType>(type));
  for (Type type : op->getResultTypes())
    results.push_back(cast<RankedTensorType>(type));
  return cast<CostOpInterface>(op).getCost(operands, results);
}
