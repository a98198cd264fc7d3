//===- Formula.cpp - Builds formulas of graph ops ---------------*- C++ -*-===//

#include "passes/Train/Formula.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;
using train::Formula;

Value Formula::splat(RankedTensorType type, double number) {
  Type element = type.getElementType();
  Attribute value =
      isa<FloatType>(element)
          ? Attribute(builder.getFloatAttr(element, number))
          : builder.getIntegerAttr(element, static_cast<int64_t>(number));
  return ConstantOp::create(builder, loc, DenseElementsAttr::get(type, value));
}

Value Formula::scalar(Type element, double number) {
  return splat(RankedTensorType::get({}, element), number);
}

Value Formula::fit(Value x, ArrayRef<int64_t> shape) {
  if (shapeOf(x) == shape)
    return x;
  assert(rankOf(x) == 0 && "only scalars are broadcast");
  return BroadcastOp::create(builder, loc, typeOf(x).clone(shape), x,
                             ArrayRef<int64_t>{});
}

template <typename Op> Value Formula::binary(Value a, Value b) {
  ArrayRef<int64_t> shape = rankOf(a) == 0 ? shapeOf(b) : shapeOf(a);
  a = fit(a, shape);
  b = fit(b, shape);
  return Op::create(builder, loc, a.getType(), a, b);
}

Value Formula::add(Value a, Value b) { return binary<AddOp>(a, b); }
Value Formula::sub(Value a, Value b) { return binary<SubOp>(a, b); }
Value Formula::mul(Value a, Value b) { return binary<MulOp>(a, b); }
Value Formula::div(Value a, Value b) { return binary<DivOp>(a, b); }
Value Formula::max(Value a, double b) { return binary<MaxOp>(a, like(a, b)); }
Value Formula::min(Value a, double b) { return binary<MinOp>(a, like(a, b)); }
Value Formula::pow(double base, Value exponent) {
  return binary<PowOp>(like(exponent, base), exponent);
}

Value Formula::select(Value condition, Value onTrue, Value onFalse) {
  return SelectOp::create(builder, loc, onTrue.getType(),
                          fit(condition, shapeOf(onTrue)), onTrue, onFalse);
}

static Value compare(Formula &f, Comparison comparison, Value a, Value b) {
  return CompareOp::create(f.builder, f.loc,
                           typeOf(a).clone(f.builder.getI1Type()), comparison,
                           a, b);
}

Value Formula::less(Value a, double b) {
  return compare(*this, Comparison::Lt, a, like(a, b));
}
Value Formula::notEqual(Value a, Value b) {
  return compare(*this, Comparison::Ne, a, b);
}

Value Formula::cast(Value x, Type element) {
  RankedTensorType type = typeOf(x).clone(element);
  return type == x.getType() ? x : Value(CastOp::create(builder, loc, type, x));
}

Value Formula::sum(Value x) {
  if (rankOf(x) == 0)
    return x;
  auto dims = llvm::to_vector(llvm::seq<int64_t>(0, rankOf(x)));
  return ReduceOp::create(builder, loc, typeOf(x).clone(ArrayRef<int64_t>{}),
                          Reduction::Sum, x, dims);
}

Value Formula::reduceLast(Value x, Reduction kind) {
  return ReduceOp::create(builder, loc, typeOf(x).clone(shapeOf(x).drop_back()),
                          kind, x, rankOf(x) - 1);
}

Value Formula::broadcastLast(Value x, int64_t size) {
  SmallVector<int64_t> shape(shapeOf(x));
  auto dims = llvm::to_vector(llvm::seq<int64_t>(0, shape.size()));
  shape.push_back(size);
  return BroadcastOp::create(builder, loc, typeOf(x).clone(shape), x, dims);
}
