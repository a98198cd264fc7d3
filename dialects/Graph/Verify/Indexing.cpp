//===- Indexing.cpp - Verification of lookups and their gradient *- C++ -*-===//

#include "dialects/Graph/Verify/Verify.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

LogicalResult TakeOp::verify() {
  int64_t axis = getAxis();
  if (failed(verifySameElementType(*this, {getData(), getResult()})) ||
      failed(verifyDim(*this, "axis", axis, rankOf(getData()))))
    return failure();
  ArrayRef<int64_t> data = shapeOf(getData()), indices = shapeOf(getIndices());
  SmallVector<int64_t> expected(data.take_front(axis));
  expected.append(indices.begin(), indices.end());
  expected.append(data.begin() + axis + 1, data.end());
  return verifyResultShape(*this, expected);
}

LogicalResult TakeAlongOp::verify() {
  int64_t axis = getAxis();
  if (failed(verifySameElementType(*this, {getData(), getResult()})) ||
      failed(verifyDim(*this, "axis", axis, rankOf(getData()))))
    return failure();
  SmallVector<int64_t> expected(shapeOf(getData()));
  if (rankOf(getIndices()) != rankOf(getData()))
    return emitOpError("data and indices need one rank, but have ")
           << rankOf(getData()) << " and " << rankOf(getIndices());
  expected[axis] = shapeOf(getIndices())[axis];
  if (failed(verifyOperandShape(*this, 1, "indices", expected)))
    return failure();
  return verifyResultShape(*this, expected);
}

LogicalResult ScatterAddOp::verify() {
  int64_t dim = getDim();
  if (failed(verifySameElementType(*this, {getUpdates(), getResult()})) ||
      failed(verifyDim(*this, "dim", dim, rankOf(getResult()))))
    return failure();
  ArrayRef<int64_t> result = shapeOf(getResult());
  SmallVector<int64_t> expected(result.take_front(dim));
  llvm::append_range(expected, shapeOf(getIndices()));
  llvm::append_range(expected, result.drop_front(dim + 1));
  return verifyOperandShape(*this, 1, "updates", expected);
}
