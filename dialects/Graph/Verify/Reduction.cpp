//===- Reduction.cpp - Verification of reductions and scans -----*- C++ -*-===//

#include "dialects/Graph/Verify/Verify.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

LogicalResult ReduceOp::verify() {
  if (failed(verifySameElementType(*this, {getInput(), getResult()})) ||
      failed(verifyDims(*this, "dims", getDims(), rankOf(getInput()),
                        /*sorted=*/true)))
    return failure();
  SmallVector<int64_t> expected;
  for (auto [dim, size] : llvm::enumerate(shapeOf(getInput())))
    if (!llvm::is_contained(getDims(), static_cast<int64_t>(dim)))
      expected.push_back(size);
  return verifyResultShape(*this, expected);
}

LogicalResult CumsumOp::verify() {
  if (failed(verifySameElementType(*this, {getInput(), getResult()})) ||
      failed(verifyDim(*this, "dim", getDim(), rankOf(getInput()))))
    return failure();
  return verifyResultShape(*this, shapeOf(getInput()));
}

LogicalResult ArgMaxOp::verify() {
  if (failed(verifyDim(*this, "dim", getDim(), rankOf(getInput()))))
    return failure();
  SmallVector<int64_t> expected(shapeOf(getInput()));
  if (expected[getDim()] == 0)
    return emitOpError("dimension ") << getDim() << " has no element";
  expected.erase(expected.begin() + getDim());
  return verifyResultShape(*this, expected);
}
