//===- Movement.cpp - Cost of ops that move elements ------------*- C++ -*-===//
//
// No operations but the sums of scatter_add; what they read is what reaches the
// result, not all of a large operand.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Cost/Cost.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

VESCALE_COST_PER_ELEMENT(BroadcastOp, 0)
VESCALE_COST_PER_ELEMENT(TransposeOp, 0)
VESCALE_COST_PER_ELEMENT(ReverseOp, 0)
VESCALE_COST_PER_ELEMENT(ConcatOp, 0)
VESCALE_COST_PER_ELEMENT(PadOp, 0)

/// Another name for the same elements.
OpCost ReshapeOp::getCost(TensorTypes, TensorTypes) { return {}; }

OpCost SliceOp::getCost(TensorTypes, TensorTypes resultTypes) {
  return streamingCost(0, resultTypes, resultTypes);
}

/// Reads one element of the data for each of the result, and the indices.
static OpCost lookup(TensorTypes operandTypes, TensorTypes resultTypes) {
  OpCost cost = streamingCost(0, resultTypes, resultTypes);
  cost.bytesRead += getBytes(operandTypes[1]);
  return cost;
}
OpCost TakeOp::getCost(TensorTypes operandTypes, TensorTypes resultTypes) {
  return lookup(operandTypes, resultTypes);
}
OpCost TakeAlongOp::getCost(TensorTypes operandTypes, TensorTypes resultTypes) {
  return lookup(operandTypes, resultTypes);
}

/// One addition for each update.
OpCost ScatterAddOp::getCost(TensorTypes operandTypes,
                             TensorTypes resultTypes) {
  return streamingCost(operandTypes[1].getNumElements(), operandTypes,
                       resultTypes);
}

/// Lie in memory when the program starts.
OpCost ParameterOp::getCost(TensorTypes, TensorTypes) { return {}; }
OpCost ConstantOp::getCost(TensorTypes, TensorTypes) { return {}; }

VESCALE_COST_PER_ELEMENT(IotaOp, 1)
