//===- Shape.cpp - Verification of ops that move elements -------*- C++ -*-===//

#include "dialects/Graph/Verify/Verify.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

LogicalResult BroadcastOp::verify() {
  if (failed(verifySameElementType(*this, {getInput(), getResult()})) ||
      failed(verifyCount(*this, "dims", getDims(), rankOf(getInput()))) ||
      failed(verifyDims(*this, "dims", getDims(), rankOf(getResult()),
                        /*sorted=*/true)))
    return failure();
  for (auto [dim, size] : llvm::zip_equal(getDims(), shapeOf(getInput())))
    if (shapeOf(getResult())[dim] != size)
      return emitOpError("result dimension ")
             << dim << " is " << shapeOf(getResult())[dim]
             << ", but the operand's is " << size;
  return success();
}

LogicalResult ReshapeOp::verify() {
  if (failed(verifySameElementType(*this, {getInput(), getResult()})))
    return failure();
  if (typeOf(getInput()).getNumElements() !=
      typeOf(getResult()).getNumElements())
    return emitOpError("cannot make ")
           << formatShape(shapeOf(getResult())) << " of "
           << formatShape(shapeOf(getInput()));
  return success();
}

LogicalResult TransposeOp::verify() {
  int64_t rank = rankOf(getInput());
  if (failed(verifySameElementType(*this, {getInput(), getResult()})) ||
      failed(verifyCount(*this, "permutation", getPermutation(), rank)) ||
      failed(verifyDims(*this, "permutation", getPermutation(), rank,
                        /*sorted=*/false)))
    return failure();
  SmallVector<int64_t> expected;
  for (int64_t dim : getPermutation())
    expected.push_back(shapeOf(getInput())[dim]);
  return verifyResultShape(*this, expected);
}

LogicalResult SliceOp::verify() {
  int64_t rank = rankOf(getInput());
  if (failed(verifySameElementType(*this, {getInput(), getResult()})) ||
      failed(verifyCount(*this, "starts", getStarts(), rank)) ||
      failed(verifyCount(*this, "limits", getLimits(), rank)) ||
      failed(verifyCount(*this, "strides", getStrides(), rank)) ||
      failed(verifyAtLeast(*this, "strides", getStrides(), 1)))
    return failure();
  SmallVector<int64_t> expected;
  for (int64_t dim = 0; dim < rank; ++dim) {
    int64_t start = getStarts()[dim], limit = getLimits()[dim];
    int64_t size = shapeOf(getInput())[dim];
    if (start < 0 || start > limit || limit > size)
      return emitOpError("takes [")
             << start << ", " << limit << ") of dimension " << dim
             << ", which has " << size << " elements";
    expected.push_back(llvm::divideCeil(limit - start, getStrides()[dim]));
  }
  return verifyResultShape(*this, expected);
}

LogicalResult ReverseOp::verify() {
  if (failed(verifySameElementType(*this, {getInput(), getResult()})) ||
      failed(verifyDim(*this, "dim", getDim(), rankOf(getInput()))))
    return failure();
  return verifyResultShape(*this, shapeOf(getInput()));
}

LogicalResult ConcatOp::verify() {
  if (getInputs().empty())
    return emitOpError("needs an operand");
  SmallVector<Value> values(getInputs());
  values.push_back(getResult());
  int64_t dim = getDim();
  if (failed(verifySameElementType(*this, values)) ||
      failed(verifyDim(*this, "dim", dim, rankOf(getInputs().front()))))
    return failure();
  SmallVector<int64_t> expected(shapeOf(getInputs().front()));
  expected[dim] = 0;
  for (auto [index, input] : llvm::enumerate(getInputs())) {
    SmallVector<int64_t> rest(shapeOf(input)), first(expected);
    if (rest.size() == first.size())
      rest[dim] = first[dim] = 0;
    if (rest != first)
      return emitOpError("operand ")
             << index << " is " << formatShape(shapeOf(input))
             << " and does not fit to "
             << formatShape(shapeOf(getInputs().front())) << " along dimension "
             << dim;
    expected[dim] += shapeOf(input)[dim];
  }
  return verifyResultShape(*this, expected);
}

LogicalResult PadOp::verify() {
  int64_t rank = rankOf(getInput());
  if (failed(verifySameElementType(*this,
                                   {getInput(), getValue(), getResult()})) ||
      failed(verifyOperandShape(*this, 1, "value", {})) ||
      failed(verifyCount(*this, "low", getLow(), rank)) ||
      failed(verifyCount(*this, "high", getHigh(), rank)) ||
      failed(verifyAtLeast(*this, "low", getLow(), 0)) ||
      failed(verifyAtLeast(*this, "high", getHigh(), 0)))
    return failure();
  SmallVector<int64_t> expected;
  for (auto [size, low, high] :
       llvm::zip_equal(shapeOf(getInput()), getLow(), getHigh()))
    expected.push_back(size + low + high);
  return verifyResultShape(*this, expected);
}
