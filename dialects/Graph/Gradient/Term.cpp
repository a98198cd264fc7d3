//===- Term.cpp - Formulas of graph ops -------------------------*- C++ -*-===//

#include "dialects/Graph/Gradient/Term.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

Term Term::scalar(double number) const {
  auto type = RankedTensorType::get({}, element());
  TypedAttr attribute;
  if (auto floatType = dyn_cast<FloatType>(element()))
    attribute = FloatAttr::get(floatType, number);
  else
    attribute = IntegerAttr::get(element(), static_cast<int64_t>(number));
  return makeTyped<ConstantOp>(type, DenseElementsAttr::get(type, attribute));
}

Term Term::cast(Type to) const {
  if (to == element())
    return *this;
  return makeTyped<CastOp>(RankedTensorType::get(shape(), to), value);
}

Term Term::reshape(ArrayRef<int64_t> to) const {
  return to == shape() ? *this : makeShaped<ReshapeOp>(to, value);
}

Term Term::transpose(ArrayRef<int64_t> permutation) const {
  if (llvm::equal(permutation, llvm::seq<int64_t>(0, rank())))
    return *this;
  SmallVector<int64_t> to;
  for (int64_t dim : permutation)
    to.push_back(shape()[dim]);
  return makeShaped<TransposeOp>(to, value, permutation);
}

Term Term::broadcast(ArrayRef<int64_t> to, ArrayRef<int64_t> dims) const {
  return static_cast<int64_t>(to.size()) == rank()
             ? *this
             : makeShaped<BroadcastOp>(to, value, dims);
}

Term Term::spread(ArrayRef<int64_t> to, ArrayRef<int64_t> dims) const {
  SmallVector<int64_t> kept;
  for (int64_t dim : dimRange(0, to.size()))
    if (!llvm::is_contained(dims, dim))
      kept.push_back(dim);
  return broadcast(to, kept);
}

Term Term::reduce(Reduction kind, ArrayRef<int64_t> dims) const {
  if (dims.empty())
    return *this;
  SmallVector<int64_t> to;
  for (auto [dim, size] : llvm::enumerate(shape()))
    if (!llvm::is_contained(dims, static_cast<int64_t>(dim)))
      to.push_back(size);
  return makeShaped<ReduceOp>(to, kind, value, dims);
}

/// The box from `starts` to `limits`.
static Term box(Term x, ArrayRef<int64_t> starts, ArrayRef<int64_t> limits) {
  SmallVector<int64_t> to;
  for (auto [start, limit] : llvm::zip_equal(starts, limits))
    to.push_back(limit - start);
  if (ArrayRef(to) == x.shape())
    return x;
  return x.makeShaped<SliceOp>(to, x, starts, limits,
                               SmallVector<int64_t>(to.size(), 1));
}

Term Term::slice(int64_t dim, int64_t start, int64_t size) const {
  SmallVector<int64_t> starts(rank()), limits(shape());
  starts[dim] = start;
  limits[dim] = start + size;
  return box(*this, starts, limits);
}

Term Term::pad(ArrayRef<int64_t> low, ArrayRef<int64_t> high) const {
  SmallVector<int64_t> starts, limits, before, behind, to;
  for (auto [size, l, h] : llvm::zip_equal(shape(), low, high)) {
    starts.push_back(std::max<int64_t>(0, -l));
    limits.push_back(size - std::max<int64_t>(0, -h));
    before.push_back(std::max<int64_t>(0, l));
    behind.push_back(std::max<int64_t>(0, h));
    to.push_back(size + l + h);
  }
  Term cut = box(*this, starts, limits);
  if (ArrayRef(to) == cut.shape())
    return cut;
  return makeShaped<PadOp>(to, cut, scalar(0), before, behind);
}

Term Term::dilate(ArrayRef<int64_t> strides) const {
  Term x = *this;
  // Each dimension of n elements gets one of 1 behind it, padded to the stride.
  SmallVector<int64_t> split, low, high, joined, limits;
  for (auto [size, stride] : llvm::zip_equal(shape(), strides)) {
    split.append({size, 1});
    low.append({0, 0});
    high.append({0, stride - 1});
    joined.push_back(size * stride);
    limits.push_back(size == 0 ? 0 : (size - 1) * stride + 1);
  }
  if (llvm::all_of(strides, [](int64_t stride) { return stride == 1; }))
    return x;
  x = x.reshape(split).pad(low, high).reshape(joined);
  return box(x, SmallVector<int64_t>(rank()), limits);
}

Term graph::operator+(Term x, Term y) { return x.make<AddOp>(x, y); }
Term graph::operator-(Term x, Term y) { return x.make<SubOp>(x, y); }
Term graph::operator*(Term x, Term y) { return x.make<MulOp>(x, y); }
Term graph::operator/(Term x, Term y) { return x.make<DivOp>(x, y); }
Term graph::operator-(Term x) { return x.make<NegOp>(x); }

Term graph::compare(Comparison comparison, Term x, Term y) {
  auto truth = IntegerType::get(typeOf(x).getContext(), 1);
  return x.makeTyped<CompareOp>(RankedTensorType::get(x.shape(), truth),
                                comparison, x, y);
}

Term graph::select(Term condition, Term x, Term y) {
  return x.make<SelectOp>(condition, x, y);
}

bool graph::areFloats(Operation *op, unsigned operand) {
  auto isFloat = [](Value value) {
    return isa<FloatType>(typeOf(value).getElementType());
  };
  return isFloat(op->getOperand(operand)) &&
         llvm::any_of(op->getResults(), isFloat);
}
