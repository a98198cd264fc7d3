//===- Verify.cpp - Checks that the ops' verifiers share --------*- C++ -*-===//

#include "dialects/Graph/Verify/Verify.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace vescale;

std::string graph::formatShape(ArrayRef<int64_t> shape) {
  if (shape.empty())
    return "scalar";
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(shape, os, "×");
  return text;
}

LogicalResult graph::verifyResultShape(Operation *op,
                                       ArrayRef<int64_t> expected) {
  ArrayRef<int64_t> actual = shapeOf(op->getResult(0));
  if (actual == expected)
    return success();
  return op->emitOpError("result should be ")
         << formatShape(expected) << ", but is " << formatShape(actual);
}

LogicalResult graph::verifyOperandShape(Operation *op, unsigned operand,
                                        StringRef name,
                                        ArrayRef<int64_t> expected) {
  ArrayRef<int64_t> actual = shapeOf(op->getOperand(operand));
  if (actual == expected)
    return success();
  return op->emitOpError() << name << " should be " << formatShape(expected)
                           << ", but is " << formatShape(actual);
}

LogicalResult graph::verifySameElementType(Operation *op, ValueRange values) {
  for (Value value : values)
    if (typeOf(value).getElementType() !=
        typeOf(values.front()).getElementType())
      return op->emitOpError("needs one element type, but has ")
             << typeOf(values.front()).getElementType() << " and "
             << typeOf(value).getElementType();
  return success();
}

LogicalResult graph::verifyDim(Operation *op, StringRef name, int64_t dim,
                               int64_t rank) {
  if (dim >= 0 && dim < rank)
    return success();
  return op->emitOpError() << name << ' ' << dim
                           << " is not a dimension of a tensor of rank "
                           << rank;
}

LogicalResult graph::verifyDims(Operation *op, StringRef name,
                                ArrayRef<int64_t> dims, int64_t rank,
                                bool sorted) {
  llvm::SmallDenseSet<int64_t> seen;
  int64_t last = -1;
  for (int64_t dim : dims) {
    if (failed(verifyDim(op, name, dim, rank)))
      return failure();
    if (!seen.insert(dim).second)
      return op->emitOpError() << name << " has dimension " << dim << " twice";
    if (sorted && dim < last)
      return op->emitOpError()
             << name << " must increase, but has " << last << " before " << dim;
    last = dim;
  }
  return success();
}

LogicalResult graph::verifyCount(Operation *op, StringRef name,
                                 ArrayRef<int64_t> values, int64_t count) {
  if (static_cast<int64_t>(values.size()) == count)
    return success();
  return op->emitOpError() << name << " needs " << count << " entries, but has "
                           << values.size();
}

LogicalResult graph::verifyAtLeast(Operation *op, StringRef name,
                                   ArrayRef<int64_t> values, int64_t low) {
  for (int64_t value : values)
    if (value < low)
      return op->emitOpError()
             << name << " has " << value << ", needs at least " << low;
  return success();
}
