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

/// Operands from `firstRow` on have the shape of a row.
static LogicalResult verifyNorm(Operation *op, int64_t axis,
                                unsigned firstRow = 1) {
  Value input = op->getOperand(0);
  if (failed(verifySameElementType(op, {input, op->getResult(0)})) ||
      failed(verifyDim(op, "axis", axis, rankOf(input))))
    return failure();
  for (unsigned index = firstRow; index < op->getNumOperands(); ++index)
    if (failed(verifyOperandShape(op, index, "scale or bias",
                                  shapeOf(input).drop_front(axis))) ||
        failed(verifySameElementType(op, {input, op->getOperand(index)})))
      return failure();
  return verifyResultShape(op, shapeOf(input));
}

static LogicalResult verifyNormGrad(Operation *op, int64_t axis) {
  if (failed(verifyNorm(op, axis, /*firstRow=*/2)))
    return failure();
  Value input = op->getOperand(0);
  if (failed(verifySameElementType(op, {input, op->getOperand(1)})))
    return failure();
  return verifyOperandShape(op, 1, "result_grad", shapeOf(input));
}

LogicalResult BatchStatisticsOp::verify() {
  ArrayRef<int64_t> shape = shapeOf(getInput());
  SmallVector<Value> values(getOperands());
  llvm::append_range(values, getResults());
  if (failed(verifySameElementType(*this, values)))
    return failure();
  if (shape.size() < 2)
    return emitOpError("needs an input with channels, of rank 2 at least");
  if (!(getMomentum().convertToDouble() >= 0 &&
        getMomentum().convertToDouble() <= 1))
    return emitOpError("has a momentum that is no share: ")
           << getMomentum().convertToDouble();
  for (auto [index, name] :
       {std::pair(1, "running_mean"), std::pair(2, "running_variance")})
    if (failed(verifyOperandShape(*this, index, name, shape[1])))
      return failure();
  for (Value result : getResults())
    if (shapeOf(result) != shape.slice(1, 1))
      return emitOpError("has a result of shape ")
             << formatShape(shapeOf(result)) << ", but " << shape[1]
             << " channels";
  if (getOfBatch() && getCount() == 0)
    return emitOpError("has no elements to take statistics of");
  return success();
}

LogicalResult LayerNormOp::verify() { return verifyNorm(*this, getAxis()); }
LogicalResult RmsNormOp::verify() { return verifyNorm(*this, getAxis()); }
LogicalResult LayerNormGradOp::verify() {
  return verifyNormGrad(*this, getAxis());
}
LogicalResult RmsNormGradOp::verify() {
  return verifyNormGrad(*this, getAxis());
}
