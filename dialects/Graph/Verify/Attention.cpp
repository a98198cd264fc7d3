//===- Attention.cpp - Verification of attention and rotary -----*- C++ -*-===//

#include "dialects/Graph/Verify/Verify.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

/// Query, key, value, mask and attributes, which attention and its gradient
/// have alike.
template <typename Op> static LogicalResult verifyScores(Op op) {
  ArrayRef<int64_t> q = shapeOf(op.getQuery()), k = shapeOf(op.getKey()),
                    v = shapeOf(op.getValue());
  if (q.size() != 4 || k.size() != 4 || v.size() != 4)
    return op.emitOpError("needs query, key and value of rank 4");
  if (failed(verifyOperandShape(op, 1, "key", {q[0], k[1], k[2], q[3]})) ||
      failed(verifyOperandShape(op, 2, "value", {q[0], k[1], k[2], v[3]})))
    return failure();
  if (k[1] == 0 || q[1] % k[1])
    return op.emitOpError("has ")
           << q[1] << " query heads, which " << k[1] << " key heads do not "
           << "divide";
  if (Value mask = op.getMask()) {
    Type element = typeOf(mask).getElementType();
    if (!element.isInteger(1) &&
        element != typeOf(op.getQuery()).getElementType())
      return op.emitOpError("mask must be i1 or the query's element type, but "
                            "is ")
             << element;
    if (rankOf(mask) != 4)
      return op.emitOpError("mask needs rank 4");
    int64_t full[] = {q[0], q[1], q[2], k[2]};
    for (int dim = 0; dim < 4; ++dim) {
      int64_t size = shapeOf(mask)[dim];
      if (size != full[dim] && (size != 1 || dim == 3))
        return op.emitOpError("mask dimension ")
               << dim << " is " << size << ", needs " << full[dim]
               << (dim < 3 ? " or 1" : "");
    }
  }
  if (op.getWindow() < 0 || (op.getWindow() > 0 && !op.getCausal()))
    return op.emitOpError("a window must be positive and needs causal");
  if (op.getSoftcap().convertToDouble() < 0)
    return op.emitOpError("softcap must not be negative");
  if (op.getCounters() && !op.getDrop())
    return op.emitOpError("has counters, but drops nothing");
  return verifyDraw(op, op.getCounters(), op.getStep(), q.drop_back());
}

/// One number for each query: f64 for f64, else f32.
static LogicalResult verifyStatistic(Operation *op, StringRef name, Value value,
                                     Value query) {
  auto expected = RankedTensorType::get(
      shapeOf(query).drop_back(), computeType(typeOf(query).getElementType()));
  RankedTensorType type = typeOf(value);
  if (type.getShape() == expected.getShape() &&
      type.getElementType() == expected.getElementType())
    return success();
  return op->emitOpError() << name << " must be " << expected << ", but is "
                           << RankedTensorType::get(type.getShape(),
                                                    type.getElementType());
}

LogicalResult AttentionOp::verify() {
  if (failed(verifySameElementType(
          *this, {getQuery(), getKey(), getValue(), getResult()})) ||
      failed(verifyScores(*this)))
    return failure();
  if (getLse() && failed(verifyStatistic(*this, "lse", getLse(), getQuery())))
    return failure();
  SmallVector<int64_t> expected(shapeOf(getQuery()));
  expected.back() = shapeOf(getValue()).back();
  return verifyResultShape(*this, expected);
}

LogicalResult AttentionGradOp::verify() {
  if (failed(verifySameElementType(*this, {getQuery(), getKey(), getValue(),
                                           getResultGrad(), getQueryGrad(),
                                           getKeyGrad(), getValueGrad()})) ||
      failed(verifyScores(*this)) ||
      failed(verifyStatistic(*this, "lse", getLse(), getQuery())) ||
      failed(verifyStatistic(*this, "delta", getDelta(), getQuery())))
    return failure();
  SmallVector<int64_t> expected(shapeOf(getQuery()));
  expected.back() = shapeOf(getValue()).back();
  if (failed(verifyOperandShape(*this, getResultGradIndex(), "result_grad",
                                expected)))
    return failure();
  for (auto [operand, result] :
       llvm::zip_equal(getOperands().take_front(3), getResults()))
    if (shapeOf(operand) != shapeOf(result))
      return emitOpError("result ")
             << result.getResultNumber() << " must have the shape "
             << formatShape(shapeOf(operand)) << " of operand "
             << result.getResultNumber() << ", but has "
             << formatShape(shapeOf(result));
  return success();
}

LogicalResult RotaryOp::verify() {
  ArrayRef<int64_t> x = shapeOf(getInput()), cos = shapeOf(getCos());
  if (failed(verifySameElementType(
          *this, {getInput(), getCos(), getSin(), getResult()})))
    return failure();
  if (x.size() < 2 || cos.size() < 2 || cos.size() > x.size())
    return emitOpError("needs an input of rank 2 at least, and cos and sin of "
                       "rank 2 up to the input's");
  if (failed(verifyOperandShape(*this, 2, "sin", cos)))
    return failure();
  if (2 * cos.back() > x.back())
    return emitOpError("rotates ")
           << 2 * cos.back() << " features of " << x.back();
  for (size_t fromEnd = 2; fromEnd <= cos.size(); ++fromEnd) {
    int64_t size = cos[cos.size() - fromEnd], full = x[x.size() - fromEnd];
    if (size != full && (size != 1 || fromEnd == 2))
      return emitOpError("cos dimension ")
             << cos.size() - fromEnd << " is " << size << ", needs " << full
             << (fromEnd > 2 ? " or 1" : "");
  }
  return verifyResultShape(*this, x);
}
