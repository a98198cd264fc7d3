//===- Shape.cpp - Elements of ops that move elements -----------*- C++ -*-===//

#include "dialects/Graph/Lower/Lower.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

LoweringKind BroadcastOp::getLoweringKind() { return LoweringKind::Free; }
LoweringKind ReshapeOp::getLoweringKind() { return LoweringKind::Free; }
LoweringKind TransposeOp::getLoweringKind() { return LoweringKind::Free; }
LoweringKind SliceOp::getLoweringKind() { return LoweringKind::Free; }
LoweringKind ReverseOp::getLoweringKind() { return LoweringKind::Free; }
LoweringKind ConcatOp::getLoweringKind() { return LoweringKind::Cheap; }
LoweringKind PadOp::getLoweringKind() { return LoweringKind::Cheap; }

bool BroadcastOp::rereads(unsigned) {
  return typeOf(getInput()).getNumElements() <
         typeOf(getResult()).getNumElements();
}

Value BroadcastOp::emitElement(ElementBuilder &builder, const Position &at) {
  if (!rereads(0))
    return builder.read(getInput(), builder.reshaped(at, shapeOf(getInput())));
  SmallVector<Value> all = builder.indices(at), index;
  for (int64_t dim : getDims())
    index.push_back(all[dim]);
  return builder.read(getInput(), builder.at(shapeOf(getInput()), index));
}

Value ReshapeOp::emitElement(ElementBuilder &builder, const Position &at) {
  return builder.read(getInput(), builder.reshaped(at, shapeOf(getInput())));
}

Value TransposeOp::emitElement(ElementBuilder &builder, const Position &at) {
  SmallVector<Value> all = builder.indices(at), index(all.size());
  for (auto [to, from] : llvm::enumerate(getPermutation()))
    index[from] = all[to];
  return builder.read(getInput(), builder.at(shapeOf(getInput()), index));
}

Value SliceOp::emitElement(ElementBuilder &builder, const Position &at) {
  OpBuilder &b = builder.builder;
  SmallVector<Value> index = builder.indices(at);
  for (auto [value, start, stride] :
       llvm::zip_equal(index, getStarts(), getStrides())) {
    if (stride != 1)
      value =
          arith::MulIOp::create(b, builder.loc, value, builder.index(stride));
    if (start != 0)
      value =
          arith::AddIOp::create(b, builder.loc, value, builder.index(start));
  }
  return builder.read(getInput(), builder.at(shapeOf(getInput()), index));
}

Value ReverseOp::emitElement(ElementBuilder &builder, const Position &at) {
  SmallVector<Value> index = builder.indices(at);
  Value &value = index[getDim()];
  Value last = builder.index(shapeOf(getInput())[getDim()] - 1);
  value = arith::SubIOp::create(builder.builder, builder.loc, last, value);
  return builder.read(getInput(), builder.at(shapeOf(getInput()), index));
}

/// The element of the inputs from `first` on; `index` counts from its start.
static Value concatElement(ElementBuilder &builder, ConcatOp op, size_t first,
                           SmallVector<Value> index) {
  Value input = op.getInputs()[first];
  auto inside = [&] {
    return builder.read(input, builder.at(shapeOf(input), index));
  };
  if (first + 1 == op.getInputs().size())
    return inside();
  Value &value = index[op.getDim()];
  Value size = builder.index(shapeOf(input)[op.getDim()]);
  Value isInside = arith::CmpIOp::create(
      builder.builder, builder.loc, arith::CmpIPredicate::ult, value, size);
  Type type = computeType(typeOf(op.getResult()).getElementType());
  return builder.choose(isInside, type, inside, [&] {
    SmallVector<Value> rest = index;
    rest[op.getDim()] =
        arith::SubIOp::create(builder.builder, builder.loc, value, size);
    return concatElement(builder, op, first + 1, rest);
  });
}

Value ConcatOp::emitElement(ElementBuilder &builder, const Position &at) {
  return concatElement(builder, *this, 0, builder.indices(at));
}

bool PadOp::rereads(unsigned operand) { return operand == 1; }

Value PadOp::emitElement(ElementBuilder &builder, const Position &at) {
  OpBuilder &b = builder.builder;
  ArrayRef<int64_t> shape = shapeOf(getInput());
  SmallVector<Value> index = builder.indices(at);
  Value inside;
  for (auto [value, low, high, size] :
       llvm::zip_equal(index, getLow(), getHigh(), shape)) {
    if (low == 0 && high == 0)
      continue;
    // Below the start the difference wraps around and is too large as well.
    value = arith::SubIOp::create(b, builder.loc, value, builder.index(low));
    Value here = arith::CmpIOp::create(
        b, builder.loc, arith::CmpIPredicate::ult, value, builder.index(size));
    inside =
        inside ? arith::AndIOp::create(b, builder.loc, inside, here) : here;
  }
  auto element = [&] {
    return builder.read(getInput(), builder.at(shape, index));
  };
  if (!inside)
    return element();
  return builder.choose(
      inside, computeType(typeOf(getResult()).getElementType()), element,
      [&] { return builder.read(getValue(), builder.at({}, {})); });
}
