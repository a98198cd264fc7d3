//===- Normalization.cpp - Verification of softmax and norms ----*- C++ -*-===//

#include "dialects/Graph/Verify/Verify.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

static LogicalResult verifySoftmax(Operation *op, int64_t dim) {
  if (failed(
          verifySameElementType(op, {op->getOperand(0), op->getResult(0)})) ||
      failed(verifyDim(op, "dim", dim, rankOf(op->getOperand(0)))))
    return failure();
  return verifyResultShape(op, shapeOf(op->getOperand(0)));
}

LogicalResult SoftmaxOp::verify() { return verifySoftmax(*this, getDim()); }
LogicalResult LogSoftmaxOp::verify() { return verifySoftmax(*this, getDim()); }

static LogicalResult verifyNorm(Operation *op, int64_t axis) {
  Value input = op->getOperand(0);
  if (failed(verifySameElementType(op, {input, op->getResult(0)})) ||
      failed(verifyDim(op, "axis", axis, rankOf(input))))
    return failure();
  for (unsigned index = 1; index < op->getNumOperands(); ++index)
    if (failed(verifyOperandShape(op, index, "scale or bias",
                                  shapeOf(input).drop_front(axis))) ||
        failed(verifySameElementType(op, {input, op->getOperand(index)})))
      return failure();
  return verifyResultShape(op, shapeOf(input));
}

LogicalResult LayerNormOp::verify() { return verifyNorm(*this, getAxis()); }
LogicalResult RmsNormOp::verify() { return verifyNorm(*this, getAxis()); }
