//===- Indexing.cpp - Elements of lookups and their gradient ----*- C++ -*-===//
//
// Indices out of range are found by a check that runs as a step of its own
// before the lookup (passes/Lower/CheckIndices.cpp), so the lookup itself stays
// free of branches.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Lower/Lower.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

LoweringKind TakeOp::getLoweringKind() { return LoweringKind::Cheap; }
LoweringKind TakeAlongOp::getLoweringKind() { return LoweringKind::Cheap; }
LoweringKind ScatterAddOp::getLoweringKind() { return LoweringKind::Heavy; }
bool ScatterAddOp::rereads(unsigned operand) { return true; }
bool TakeOp::rereads(unsigned operand) { return true; }
bool TakeAlongOp::rereads(unsigned operand) { return operand == 0; }

/// The index as one from the start.
static Value fromStart(ElementBuilder &builder, Value index, int64_t size) {
  OpBuilder &b = builder.builder;
  Emit emit(builder);
  Value position = emit.toIndex(index);
  Value wrapped =
      arith::AddIOp::create(b, builder.loc, position, builder.index(size));
  Value negative = arith::CmpIOp::create(
      b, builder.loc, arith::CmpIPredicate::slt, position, builder.index(0));
  return emit.select(negative, wrapped, position);
}

Value TakeOp::emitElement(ElementBuilder &builder, const Position &at) {
  int64_t axis = getAxis(), count = rankOf(getIndices());
  ArrayRef<int64_t> shape = shapeOf(getData());
  SmallVector<Value> all = builder.indices(at);
  ArrayRef<Value> index = all;
  Value taken =
      builder.read(getIndices(),
                   builder.at(shapeOf(getIndices()), index.slice(axis, count)));
  SmallVector<Value> from(index.take_front(axis));
  from.push_back(fromStart(builder, taken, shape[axis]));
  llvm::append_range(from, index.drop_front(axis + count));
  return builder.read(getData(), builder.at(shape, from));
}

Value TakeAlongOp::emitElement(ElementBuilder &builder, const Position &at) {
  ArrayRef<int64_t> shape = shapeOf(getData());
  SmallVector<Value> index = builder.indices(at);
  Value taken = builder.read(getIndices(), at);
  index[getAxis()] = fromStart(builder, taken, shape[getAxis()]);
  return builder.read(getData(), builder.at(shape, index));
}

/// What the library has no call for: each element looks at all indices.
Value ScatterAddOp::emitElement(ElementBuilder &builder, const Position &at) {
  Emit emit(builder);
  int64_t dim = getDim();
  ArrayRef<int64_t> indices = shapeOf(getIndices());
  Type type = computeType(typeOf(getResult()).getElementType());
  SmallVector<Value> all = builder.indices(at);
  ArrayRef<Value> index = all;
  return builder.loop(
      typeOf(getIndices()).getNumElements(), builder.number(type, 0),
      [&](Value term, ArrayRef<Value> sum) -> SmallVector<Value> {
        SmallVector<Value> position = builder.delinear(indices, term);
        Value row = builder.read(getIndices(), builder.at(indices, position));
        Value hits = arith::CmpIOp::create(
            builder.builder, builder.loc, arith::CmpIPredicate::eq,
            fromStart(builder, row, shapeOf(getResult())[dim]), index[dim]);
        SmallVector<Value> from(index.take_front(dim));
        llvm::append_range(from, position);
        llvm::append_range(from, index.drop_front(dim + 1));
        return {builder.choose(
            hits, type,
            [&] {
              Value update = builder.read(
                  getUpdates(), builder.at(shapeOf(getUpdates()), from));
              return emit.add(sum[0], update);
            },
            [&] { return sum[0]; })};
      })[0];
}
