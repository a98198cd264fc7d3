//===- Reduction.cpp - Elements of reductions and scans ---------*- C++ -*-===//

#include "dialects/Graph/Lower/Lower.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

LoweringKind ReduceOp::getLoweringKind() { return LoweringKind::Heavy; }
LoweringKind ArgMaxOp::getLoweringKind() { return LoweringKind::Heavy; }
LoweringKind CumsumOp::getLoweringKind() { return LoweringKind::Row; }

/// A sum over one dimension that has one order.
static Value reduceOneDim(ElementBuilder &builder, ReduceOp op,
                          SmallVectorImpl<Value> &index) {
  OpBuilder &b = builder.builder;
  ArrayRef<int64_t> shape = shapeOf(op.getInput());
  Type type = computeType(typeOf(op.getInput()).getElementType());
  int64_t dim = op.getDims()[0],
          leaves = std::max<int64_t>(dist::getLeaves(op), 1);
  int64_t length = shape[dim] / leaves;
  auto reduce = dim + 1 == rankOf(op.getInput()) ? reduceRow : reduceInOrder;
  return sumLeaves(builder, type, leaves, length, [&](Value begin) {
    return reduce(builder, op.getKind(), type, length, [&](Value position) {
      index[dim] = arith::AddIOp::create(b, builder.loc, begin, position);
      return builder.read(op.getInput(), builder.at(shape, index));
    });
  });
}

/// The reduced value of the loops over dims `next` and on.
static Value reduceLoops(ElementBuilder &builder, ReduceOp op, size_t next,
                         SmallVectorImpl<Value> &index, Value sum) {
  Emit emit(builder);
  ArrayRef<int64_t> shape = shapeOf(op.getInput());
  if (next == op.getDims().size())
    return emit.accumulate(
        op.getKind(), sum,
        builder.read(op.getInput(), builder.at(shape, index)));
  int64_t dim = op.getDims()[next];
  if (op.getDims().size() == 1 &&
      hasOneOrder(builder, op.getKind(), sum.getType()))
    return reduceOneDim(builder, op, index);
  return builder.loop(
      shape[dim], sum, [&](Value position, ArrayRef<Value> carried) {
        index[dim] = position;
        return SmallVector<Value>{
            reduceLoops(builder, op, next + 1, index, carried[0])};
      })[0];
}

/// The input's index with the dropped dimensions left open.
static SmallVector<Value> openIndex(ArrayRef<Value> result, int64_t rank,
                                    ArrayRef<int64_t> dropped) {
  SmallVector<Value> index(rank);
  for (int64_t dim = 0, kept = 0; dim < rank; ++dim)
    if (!llvm::is_contained(dropped, dim))
      index[dim] = result[kept++];
  return index;
}

Value ReduceOp::emitElement(ElementBuilder &builder, const Position &at) {
  Emit emit(builder);
  SmallVector<Value> index =
      openIndex(builder.indices(at), rankOf(getInput()), getDims());
  Type type = computeType(typeOf(getResult()).getElementType());
  return reduceLoops(builder, *this, 0, index, emit.neutral(getKind(), type));
}

Value ArgMaxOp::emitElement(ElementBuilder &builder, const Position &at) {
  Emit emit(builder);
  int64_t dim = getDim();
  SmallVector<Value> index =
      openIndex(builder.indices(at), rankOf(getInput()), {dim});
  ArrayRef<int64_t> shape = shapeOf(getInput());
  Type type = computeType(typeOf(getInput()).getElementType());
  Value best = emit.lowest(type), first = builder.index(0);
  SmallVector<Value> found = builder.loop(
      shape[dim], {best, first},
      [&](Value position, ArrayRef<Value> carried) -> SmallVector<Value> {
        index[dim] = position;
        Value x = builder.read(getInput(), builder.at(shape, index));
        // A NaN is larger than any number, so that it is found like a maximum.
        Value larger = emit.gt(x, carried[0]);
        if (emit.isFloat(x))
          larger =
              emit.bitAnd(emit.bitOr(larger, emit.isNan(x)),
                          emit.compare(Comparison::Eq, carried[0], carried[0]));
        return {emit.select(larger, x, carried[0]),
                emit.select(larger, position, carried[1])};
      });
  return emit.fromIndex(found[1], typeOf(getResult()).getElementType());
}

SmallVector<int64_t> CumsumOp::getRowDims() {
  return {static_cast<int64_t>(getDim())};
}

SmallVector<Value> CumsumOp::emitRow(ElementBuilder &builder, const Row &row) {
  OpBuilder &b = builder.builder;
  Emit emit(builder);
  Type element = typeOf(getInput()).getElementType();
  Value sums = builder.rowBuffer(row, element);
  Value zero = emit.neutral(Reduction::Sum, computeType(element));
  builder.loop(row.length, zero, [&](Value step, ArrayRef<Value> carried) {
    Value column = step;
    if (getReverse())
      column = arith::SubIOp::create(b, builder.loc,
                                     builder.index(row.length - 1), step);
    Value x = builder.read(getInput(), row.at(builder, column));
    Value sum = emit.add(carried[0], x);
    memref::StoreOp::create(b, builder.loc, getExclusive() ? carried[0] : sum,
                            sums, column);
    return SmallVector<Value>{sum};
  });
  return {sums};
}

Value CumsumOp::emitElement(ElementBuilder &builder, const Position &at) {
  return memref::LoadOp::create(builder.builder, builder.loc,
                                builder.rowState(*this)[0],
                                builder.column(at, getRowDims()));
}
