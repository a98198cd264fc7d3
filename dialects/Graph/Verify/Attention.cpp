//===- Attention.cpp - Verification of attention and rotary -----*- C++ -*-===//

#include "dialects/Graph/Verify/Verify.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

LogicalResult AttentionOp::verify() {
  ArrayRef<int64_t> q = shapeOf(getQuery()), k = shapeOf(getKey()),
                    v = shapeOf(getValue());
  if (failed(verifySameElementType(
          *this, {getQuery(), getKey(), getValue(), getResult()})))
    return failure();
  if (q.size() != 4 || k.size() != 4 || v.size() != 4)
    return emitOpError("needs query, key and value of rank 4");
  if (failed(verifyOperandShape(*this, 1, "key", {q[0], k[1], k[2], q[3]})) ||
      failed(verifyOperandShape(*this, 2, "value", {q[0], k[1], k[2], v[3]})))
    return failure();
  if (k[1] == 0 || q[1] % k[1])
    return emitOpError("has ") << q[1] << " query heads, which " << k[1]
                               << " key heads do not divide";
  if (Value mask = getMask()) {
    Type element = typeOf(mask).getElementType();
    if (!element.isInteger(1) && element != typeOf(getQuery()).getElementType())
      return emitOpError("mask must be i1 or the query's element type, but is ")
             << element;
    if (rankOf(mask) != 4)
      return emitOpError("mask needs rank 4");
    int64_t full[] = {q[0], q[1], q[2], k[2]};
    for (int dim = 0; dim < 4; ++dim) {
      int64_t size = shapeOf(mask)[dim];
      if (size != full[dim] && (size != 1 || dim == 3))
        return emitOpError("mask dimension ")
               << dim << " is " << size << ", needs " << full[dim]
               << (dim < 3 ? " or 1" : "");
    }
  }
  if (getWindow() < 0 || (getWindow() > 0 && !getCausal()))
    return emitOpError("a window must be positive and needs causal");
  if (getSoftcap().convertToDouble() < 0)
    return emitOpError("softcap must not be negative");
  return verifyResultShape(*this, {q[0], q[1], q[2], v[3]});
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
