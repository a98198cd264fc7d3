//===- Reduction.cpp - Cost of reductions, softmax and norms ----*- C++ -*-===//

#include "dialects/Graph/Cost/Cost.h"

using namespace vescale;
using namespace vescale::graph;

/// `perElement` operations for each element of the first operand.
static OpCost perInputElement(int64_t perElement, TensorTypes operandTypes,
                              TensorTypes resultTypes) {
  return streamingCost(perElement * operandTypes.front().getNumElements(),
                       operandTypes, resultTypes);
}

OpCost ReduceOp::getCost(TensorTypes operandTypes, TensorTypes resultTypes) {
  return perInputElement(1, operandTypes, resultTypes);
}
OpCost ArgMaxOp::getCost(TensorTypes operandTypes, TensorTypes resultTypes) {
  return perInputElement(1, operandTypes, resultTypes);
}
VESCALE_COST_PER_ELEMENT(CumsumOp, 1)

/// max, subtract, exp, sum, divide.
VESCALE_COST_PER_ELEMENT(SoftmaxOp, 5)
/// max, subtract, exp, sum, subtract the logarithm.
VESCALE_COST_PER_ELEMENT(LogSoftmaxOp, 5)
/// sum; subtract, square, sum; multiply; then scale and bias, one each.
VESCALE_COST_PER_ELEMENT(LayerNormOp,
                         5 + (getScale() != nullptr) + (getBias() != nullptr))
/// The statistics: 4; normalise twice and weight twice: 6; four operations with
/// the two means; then the scale, twice.
VESCALE_COST_PER_ELEMENT(LayerNormGradOp, 14 + 2 * (getScale() != nullptr))
/// The same without the mean of the input and that of the gradient.
VESCALE_COST_PER_ELEMENT(RmsNormGradOp, 8 + 2 * (getScale() != nullptr))
/// square, sum; multiply; then the scale.
VESCALE_COST_PER_ELEMENT(RmsNormOp, 3 + (getScale() != nullptr))
/// sum; subtract, square, sum.
OpCost BatchStatisticsOp::getCost(TensorTypes operandTypes,
                                  TensorTypes resultTypes) {
  return perInputElement(getOfBatch() ? 4 : 0, operandTypes, resultTypes);
}
