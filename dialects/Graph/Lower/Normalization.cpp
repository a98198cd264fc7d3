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
LoweringKind LayerNormGradOp::getLoweringKind() { return LoweringKind::Row; }
LoweringKind RmsNormGradOp::getLoweringKind() { return LoweringKind::Row; }

/// Reduces `term` of each column over the row.
static Value overRow(ElementBuilder &builder, const Row &row, Reduction kind,
                     Type type, function_ref<Value(Value column)> term) {
  return reduceRow(builder, kind, type, row.length, term);
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

SmallVector<int64_t> LayerNormGradOp::getRowDims() {
  return from(getAxis(), getInput());
}
SmallVector<int64_t> RmsNormGradOp::getRowDims() {
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

/// A layer norm's mean and the inverse root of its variance.
static SmallVector<Value> centerAndFactor(ElementBuilder &builder,
                                          const Row &row, Value input,
                                          const APFloat &epsilon) {
  Emit emit(builder);
  Value center = mean(
      emit,
      overRow(builder, row, Reduction::Sum, input, [](Value x) { return x; }),
      row);
  Value squares = overRow(builder, row, Reduction::Sum, input, [&](Value x) {
    Value difference = emit.sub(x, center);
    return emit.mul(difference, difference);
  });
  return {center, inverseRoot(emit, mean(emit, squares, row),
                              epsilon.convertToDouble())};
}

/// An RMS norm's inverse root.
static Value rootFactor(ElementBuilder &builder, const Row &row, Value input,
                        const APFloat &epsilon) {
  Emit emit(builder);
  Value squares = overRow(builder, row, Reduction::Sum, input,
                          [&](Value x) { return emit.mul(x, x); });
  return inverseRoot(emit, mean(emit, squares, row), epsilon.convertToDouble());
}

SmallVector<Value> LayerNormOp::emitRow(ElementBuilder &builder,
                                        const Row &row) {
  builder.cacheRow(getInput(), row);
  return centerAndFactor(builder, row, getInput(), getEpsilon());
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
  builder.cacheRow(getInput(), row);
  return {rootFactor(builder, row, getInput(), getEpsilon())};
}

Value RmsNormOp::emitElement(ElementBuilder &builder, const Position &at) {
  Emit emit(builder);
  Value x = emit.mul(builder.read(getInput(), at), builder.rowState(*this)[0]);
  if (getScale())
    x = emit.mul(x, perColumn(builder, getScale(), at));
  return x;
}

namespace {
/// A position of a norm's gradient: its normalised input n and its weighted
/// gradient g. `center` is null for a norm that has none.
struct NormTerms {
  Value norm, weighted;

  NormTerms(ElementBuilder &builder, Value input, Value grad, Value scale,
            const Position &at, Value center, Value factor) {
    Emit emit(builder);
    Value x = builder.read(input, at);
    norm = emit.mul(center ? emit.sub(x, center) : x, factor);
    weighted = builder.read(grad, at);
    if (scale)
      weighted = emit.mul(weighted, perColumn(builder, scale, at));
  }
};
} // namespace

SmallVector<Value> LayerNormGradOp::emitRow(ElementBuilder &builder,
                                            const Row &row) {
  Emit emit(builder);
  builder.cacheRow(getInput(), row);
  builder.cacheRow(getResultGrad(), row);
  SmallVector<Value> state =
      centerAndFactor(builder, row, getInput(), getEpsilon());
  auto addMean = [&](bool ofProducts) {
    Value sum = overRow(
        builder, row, Reduction::Sum, state[0].getType(), [&](Value column) {
          NormTerms terms(builder, getInput(), getResultGrad(), getScale(),
                          row.at(builder, column), state[0], state[1]);
          return ofProducts ? emit.mul(terms.weighted, terms.norm)
                            : terms.weighted;
        });
    return mean(emit, sum, row);
  };
  Value weighted = addMean(false), product = addMean(true);
  state.append({weighted, product});
  return state;
}

Value LayerNormGradOp::emitElement(ElementBuilder &builder,
                                   const Position &at) {
  Emit emit(builder);
  ArrayRef<Value> state = builder.rowState(*this);
  NormTerms terms(builder, getInput(), getResultGrad(), getScale(), at,
                  state[0], state[1]);
  Value rest = emit.sub(emit.sub(terms.weighted, state[2]),
                        emit.mul(terms.norm, state[3]));
  return emit.mul(state[1], rest);
}

SmallVector<Value> RmsNormGradOp::emitRow(ElementBuilder &builder,
                                          const Row &row) {
  Emit emit(builder);
  builder.cacheRow(getInput(), row);
  builder.cacheRow(getResultGrad(), row);
  Value factor = rootFactor(builder, row, getInput(), getEpsilon());
  Value sum = overRow(
      builder, row, Reduction::Sum, factor.getType(), [&](Value column) {
        NormTerms terms(builder, getInput(), getResultGrad(), getScale(),
                        row.at(builder, column), Value(), factor);
        return emit.mul(terms.weighted, terms.norm);
      });
  return {factor, mean(emit, sum, row)};
}

Value RmsNormGradOp::emitElement(ElementBuilder &builder, const Position &at) {
  Emit emit(builder);
  ArrayRef<Value> state = builder.rowState(*this);
  NormTerms terms(builder, getInput(), getResultGrad(), getScale(), at, Value(),
                  state[0]);
  Value rest = emit.sub(terms.weighted, emit.mul(terms.norm, state[1]));
  return emit.mul(state[0], rest);
}
