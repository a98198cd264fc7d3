//===- Lower.cpp - Positions, loops and index arithmetic --------*- C++ -*-===//

#include "dialects/Interfaces/Lower.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace vescale;

#include "dialects/Interfaces/Lower.cpp.inc"

Type vescale::computeType(Type type) {
  if (type.isF16() || type.isBF16())
    return Float32Type::get(type.getContext());
  return type;
}

Type vescale::storageType(Type type) {
  if (type.isInteger(1))
    return IntegerType::get(type.getContext(), 8);
  return type;
}

bool vescale::haveSameShape(Value a, Value b) {
  return cast<ShapedType>(a.getType()).getShape() ==
         cast<ShapedType>(b.getType()).getShape();
}

SmallVector<Value> ElementBuilder::loop(
    int64_t count, ValueRange initial,
    function_ref<SmallVector<Value>(Value, ArrayRef<Value>)> body) {
  auto loop = scf::ForOp::create(builder, loc, index(0), index(count), index(1),
                                 initial);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  enterScope();
  SmallVector<Value> carried(loop.getRegionIterArgs());
  SmallVector<Value> next = body(loop.getInductionVar(), carried);
  if (!initial.empty())
    scf::YieldOp::create(builder, loc, next);
  leaveScope();
  return SmallVector<Value>(loop.getResults());
}

void ElementBuilder::loop(Value low, Value high,
                          function_ref<void(Value)> body) {
  auto loop = scf::ForOp::create(builder, loc, low, high, index(1));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  enterScope();
  body(loop.getInductionVar());
  leaveScope();
}

Value ElementBuilder::choose(Value condition, Type type,
                             function_ref<Value()> onTrue,
                             function_ref<Value()> onFalse) {
  auto choice = scf::IfOp::create(builder, loc, TypeRange{type}, condition,
                                  /*withElseRegion=*/true);
  auto fill = [&](Region &region, function_ref<Value()> value) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&region.front());
    enterScope();
    scf::YieldOp::create(builder, loc, value());
    leaveScope();
  };
  fill(choice.getThenRegion(), onTrue);
  fill(choice.getElseRegion(), onFalse);
  return choice.getResult(0);
}

Value ElementBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

Value ElementBuilder::number(Type type, double value) {
  if (isa<FloatType>(type))
    return arith::ConstantOp::create(builder, loc,
                                     builder.getFloatAttr(type, value));
  return integer(type, static_cast<int64_t>(value));
}

Value ElementBuilder::integer(Type type, int64_t value) {
  return arith::ConstantOp::create(builder, loc,
                                   builder.getIntegerAttr(type, value));
}

SmallVector<Value> ElementBuilder::indices(const Position &at) {
  if (!at.isFlat() || at.index.size() == at.shape.size())
    return at.index;
  // Split the dimensions where the trailing ones make up a row.
  size_t split = at.shape.size();
  int64_t trailing = 1;
  while (split > 0 && trailing < at.columns)
    trailing *= at.shape[--split];
  ArrayRef<int64_t> shape = at.shape;
  if (trailing == at.columns) {
    SmallVector<Value> result = delinear(shape.take_front(split), at.row);
    llvm::append_range(result, delinear(shape.drop_front(split), at.column));
    return result;
  }
  Value start = arith::MulIOp::create(builder, loc, at.row, index(at.columns));
  return delinear(shape, arith::AddIOp::create(builder, loc, start, at.column));
}

Position ElementBuilder::at(ArrayRef<int64_t> shape, ArrayRef<Value> index) {
  Position result;
  result.shape.assign(shape.begin(), shape.end());
  result.index.assign(index.begin(), index.end());
  return result;
}

Position ElementBuilder::reshaped(const Position &position,
                                  ArrayRef<int64_t> shape) {
  Position result = position;
  result.shape.assign(shape.begin(), shape.end());
  result.index.clear();
  if (position.isFlat())
    return result;
  // Groups of dimensions with the same number of elements keep their index.
  ArrayRef<int64_t> from = position.shape;
  ArrayRef<Value> index = position.index;
  size_t f = 0, t = 0;
  while (f < from.size() || t < shape.size()) {
    size_t fStart = f, tStart = t;
    int64_t fCount = 1, tCount = 1;
    if (f < from.size())
      fCount = from[f++];
    if (t < shape.size())
      tCount = shape[t++];
    while (fCount != tCount) {
      if (fCount < tCount ? f == from.size() : t == shape.size())
        break; // only with dimensions of size 0
      if (fCount < tCount)
        fCount *= from[f++];
      else
        tCount *= shape[t++];
    }
    ArrayRef<int64_t> fDims = from.slice(fStart, f - fStart);
    ArrayRef<int64_t> tDims = shape.slice(tStart, t - tStart);
    if (fDims == tDims)
      llvm::append_range(result.index, index.slice(fStart, f - fStart));
    else
      llvm::append_range(
          result.index,
          delinear(tDims, linear(fDims, index.slice(fStart, f - fStart))));
  }
  return result;
}

Value ElementBuilder::linear(ArrayRef<int64_t> shape, ArrayRef<Value> index) {
  Value result;
  for (auto [size, value] : llvm::zip_equal(shape, index)) {
    if (size == 1)
      continue;
    if (result) {
      result = arith::MulIOp::create(builder, loc, result, this->index(size));
      result = arith::AddIOp::create(builder, loc, result, value);
    } else {
      result = value;
    }
  }
  return result ? result : this->index(0);
}

SmallVector<Value> ElementBuilder::delinear(ArrayRef<int64_t> shape,
                                            Value linear) {
  SmallVector<Value> result(shape.size());
  // The outermost dimension that is not 1 needs no remainder.
  size_t outermost = 0;
  while (outermost < shape.size() && shape[outermost] == 1)
    ++outermost;
  for (size_t dim = shape.size(); dim-- > 0;) {
    if (shape[dim] == 1) {
      result[dim] = index(0);
      continue;
    }
    if (dim == outermost) {
      result[dim] = linear;
      continue;
    }
    Value size = index(shape[dim]);
    result[dim] = arith::RemUIOp::create(builder, loc, linear, size);
    linear = arith::DivUIOp::create(builder, loc, linear, size);
  }
  return result;
}

Value ElementBuilder::column(const Position &at, ArrayRef<int64_t> rowDims) {
  int64_t length = 1, last = at.shape.size();
  bool trailing = true;
  for (int64_t dim : llvm::reverse(rowDims)) {
    length *= at.shape[dim];
    trailing &= dim == --last;
  }
  if (at.isFlat() && trailing && at.columns == length)
    return at.column;
  SmallVector<Value> all = indices(at), index;
  SmallVector<int64_t> shape;
  for (int64_t dim : rowDims) {
    shape.push_back(at.shape[dim]);
    index.push_back(all[dim]);
  }
  return linear(shape, index);
}
