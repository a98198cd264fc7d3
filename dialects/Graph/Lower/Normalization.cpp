//===- Normalization.cpp - Elements of softmax and norms --------*- C++ -*-===//
//
// A row's statistics are computed once, over a row that lies in the cache by
// then; variances from the differences to the mean, which is exact where
// E[x²] - E[x]² cancels.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Lower/Lower.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

LoweringKind SoftmaxOp::getLoweringKind() { return LoweringKind::Row; }
LoweringKind LogSoftmaxOp::getLoweringKind() { return LoweringKind::Row; }
LoweringKind LayerNormOp::getLoweringKind() { return LoweringKind::Row; }
LoweringKind RmsNormOp::getLoweringKind() { return LoweringKind::Row; }

/// Reduces `term` of each column over the row.
static Value overRow(ElementBuilder &builder, const Row &row, Reduction kind,
                     Type type, function_ref<Value(Value column)> term) {
  Emit emit(builder);
  return builder.loop(row.length, emit.neutral(kind, type),
                      [&](Value column, ArrayRef<Value> carried) {
                        return SmallVector<Value>{
                            emit.accumulate(kind, carried[0], term(column))};
                      })[0];
}

static Value overRow(ElementBuilder &builder, const Row &row, Reduction kind,
                     Value input, function_ref<Value(Value x)> term) {
  return overRow(builder, row, kind,
                 computeType(typeOf(input).getElementType()),
                 [&](Value column) {
                   return term(builder.read(input, row.at(builder, column)));
                 });
}

static SmallVector<int64_t> from(int64_t axis, Value input) {
  return llvm::to_vector(llvm::seq<int64_t>(axis, rankOf(input)));
}

SmallVector<int64_t> SoftmaxOp::getRowDims() {
  return {static_cast<int64_t>(getDim())};
}
SmallVector<int64_t> LogSoftmaxOp::getRowDims() {
  return {static_cast<int64_t>(getDim())};
}
SmallVector<int64_t> LayerNormOp::getRowDims() {
  return from(getAxis(), getInput());
}
SmallVector<int64_t> RmsNormOp::getRowDims() {
  return from(getAxis(), getInput());
}

SmallVector<Value> SoftmaxOp::emitRow(ElementBuilder &builder, const Row &row) {
  Emit emit(builder);
  builder.cacheRow(getInput(), row);
  Value max = overRow(builder, row, Reduction::Max, getInput(),
                      [](Value x) { return x; });
  Type type = typeOf(getInput()).getElementType();
  Value powers = builder.rowBuffer(row, type);
  Value sum = overRow(
      builder, row, Reduction::Sum, computeType(type), [&](Value column) {
        Value x = builder.read(getInput(), row.at(builder, column));
        Value power = emit.exp(emit.sub(x, max));
        memref::StoreOp::create(builder.builder, builder.loc, power, powers,
                                column);
        return power;
      });
  return {powers, emit.div(emit.like(sum, 1), sum)};
}

Value SoftmaxOp::emitElement(ElementBuilder &builder, const Position &at) {
  ArrayRef<Value> state = builder.rowState(*this);
  Value power = memref::LoadOp::create(builder.builder, builder.loc, state[0],
                                       builder.column(at, getRowDims()));
  return Emit(builder).mul(power, state[1]);
}

SmallVector<Value> LogSoftmaxOp::emitRow(ElementBuilder &builder,
                                         const Row &row) {
  Emit emit(builder);
  builder.cacheRow(getInput(), row);
  Value max = overRow(builder, row, Reduction::Max, getInput(),
                      [](Value x) { return x; });
  Value sum = overRow(builder, row, Reduction::Sum, getInput(),
                      [&](Value x) { return emit.exp(emit.sub(x, max)); });
  return {max, emit.log(sum)};
}

Value LogSoftmaxOp::emitElement(ElementBuilder &builder, const Position &at) {
  Emit emit(builder);
  ArrayRef<Value> state = builder.rowState(*this);
  return emit.sub(emit.sub(builder.read(getInput(), at), state[0]), state[1]);
}

static Value mean(Emit &emit, Value sum, const Row &row) {
  return emit.div(sum, emit.like(sum, row.length));
}

/// 1 / sqrt(meanSquare + epsilon).
static Value inverseRoot(Emit &emit, Value meanSquare, double epsilon) {
  Value root = emit.sqrt(emit.add(meanSquare, emit.like(meanSquare, epsilon)));
  return emit.div(emit.like(root, 1), root);
}

SmallVector<Value> LayerNormOp::emitRow(ElementBuilder &builder,
                                        const Row &row) {
  Emit emit(builder);
  builder.cacheRow(getInput(), row);
  Value center = mean(emit,
                      overRow(builder, row, Reduction::Sum, getInput(),
                              [](Value x) { return x; }),
                      row);
  Value squares =
      overRow(builder, row, Reduction::Sum, getInput(), [&](Value x) {
        Value difference = emit.sub(x, center);
        return emit.mul(difference, difference);
      });
  return {center, inverseRoot(emit, mean(emit, squares, row),
                              getEpsilon().convertToDouble())};
}

/// The element of scale or bias that belongs to a position of the input.
static Value perColumn(ElementBuilder &builder, Value value,
                       const Position &at) {
  SmallVector<Value> index = builder.indices(at);
  return builder.read(
      value, builder.at(shapeOf(value),
                        ArrayRef<Value>(index).take_back(rankOf(value))));
}

Value LayerNormOp::emitElement(ElementBuilder &builder, const Position &at) {
  Emit emit(builder);
  ArrayRef<Value> state = builder.rowState(*this);
  Value x =
      emit.mul(emit.sub(builder.read(getInput(), at), state[0]), state[1]);
  if (getScale())
    x = emit.mul(x, perColumn(builder, getScale(), at));
  if (getBias())
    x = emit.add(x, perColumn(builder, getBias(), at));
  return x;
}

SmallVector<Value> RmsNormOp::emitRow(ElementBuilder &builder, const Row &row) {
  Emit emit(builder);
  builder.cacheRow(getInput(), row);
  Value squares = overRow(builder, row, Reduction::Sum, getInput(),
                          [&](Value x) { return emit.mul(x, x); });
  return {inverseRoot(emit, mean(emit, squares, row),
                      getEpsilon().convertToDouble())};
}

Value RmsNormOp::emitElement(ElementBuilder &builder, const Position &at) {
  Emit emit(builder);
  Value x = emit.mul(builder.read(getInput(), at), builder.rowState(*this)[0]);
  if (getScale())
    x = emit.mul(x, perColumn(builder, getScale(), at));
  return x;
}
