//===- EmitShape.cpp - Movement of elements -------------------------------===//

#include "lib/Frontend/Onnx/Emitter.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"

using namespace mlir;

namespace vescale::onnx {

/// The elements of `in` read along `strides` from `base`, in the order of
/// `shape`.
static Val gatherStrided(const Constant &in, ShapeRef shape, ShapeRef strides,
                         int64_t base = 0) {
  Constant out(in.type, shape);
  int64_t i = 0;
  for (Walk walk(shape, strides, base); !walk.done(); walk.next())
    out.copy(i++, in, walk.offset());
  return Val(std::move(out));
}

Val Emitter::iota(Type type, ShapeRef shape, int64_t dim) {
  if (!folds(volume(shape)))
    return make<graph::IotaOp>(type, shape, dim);
  Constant out(type, shape);
  int64_t inner = stridesOf(shape)[dim];
  for (int64_t i = 0, size = out.size(); i < size; ++i) {
    int64_t index = i / inner % shape[dim];
    if (out.isFloat())
      out.setFloat(i, static_cast<double>(index));
    else
      out.setInt(i, index);
  }
  return Val(std::move(out));
}

Val Emitter::reshape(const Val &x, ShapeRef shape) {
  if (x.shape() == shape)
    return x;
  if (!x.constant())
    return make<graph::ReshapeOp>(x.type(), shape, operand(x));
  Constant out = *x.constant();
  out.shape.assign(shape.begin(), shape.end());
  return Val(std::move(out));
}

Val Emitter::unsqueeze(const Val &x, int64_t dim) {
  Shape shape(x.shape());
  shape.insert(shape.begin() + dim, 1);
  return reshape(x, shape);
}

Val Emitter::transpose(const Val &x, ShapeRef permutation) {
  if (llvm::equal(permutation, llvm::seq<int64_t>(0, permutation.size())))
    return x;
  Shape shape, strides, from = stridesOf(x.shape());
  for (int64_t dim : permutation) {
    shape.push_back(x.dim(dim));
    strides.push_back(from[dim]);
  }
  if (folds(x.size(), {&x}))
    return gatherStrided(*x.constant(), shape, strides);
  return make<graph::TransposeOp>(x.type(), shape, operand(x), permutation);
}

Val Emitter::broadcast(const Val &x, ShapeRef dims, ShapeRef shape) {
  if (x.shape() == shape)
    return x;
  if (!folds(volume(shape), {&x}))
    return make<graph::BroadcastOp>(x.type(), shape, operand(x), dims);
  Shape strides(shape.size(), 0), from = stridesOf(x.shape());
  for (auto [dim, stride] : llvm::zip(dims, from))
    strides[dim] = stride;
  return gatherStrided(*x.constant(), shape, strides);
}

Val Emitter::broadcastTo(const Val &x, ShapeRef shape) {
  if (x.shape() == shape)
    return x;
  Shape kept, dims;
  int64_t skip = static_cast<int64_t>(shape.size()) - x.rank();
  for (int64_t dim = 0; dim < x.rank(); ++dim) {
    if (x.dim(dim) != shape[skip + dim])
      continue; // Size 1 here, repeated in the result.
    kept.push_back(x.dim(dim));
    dims.push_back(skip + dim);
  }
  return broadcast(reshape(x, kept), dims, shape);
}

Val Emitter::slice(const Val &x, ShapeRef starts, ShapeRef limits,
                   ShapeRef strides) {
  Shape shape, steps, from = stridesOf(x.shape());
  int64_t base = 0;
  bool whole = true;
  for (int64_t dim = 0; dim < x.rank(); ++dim) {
    shape.push_back((limits[dim] - starts[dim] + strides[dim] - 1) /
                    strides[dim]);
    steps.push_back(from[dim] * strides[dim]);
    base += from[dim] * starts[dim];
    whole &= shape[dim] == x.dim(dim);
  }
  if (whole)
    return x;
  if (folds(volume(shape), {&x}))
    return gatherStrided(*x.constant(), shape, steps, base);
  return make<graph::SliceOp>(x.type(), shape, operand(x), starts, limits,
                              strides);
}

Val Emitter::sliceDim(const Val &x, int64_t dim, int64_t start, int64_t limit) {
  Shape starts(x.rank(), 0), limits(x.shape()), strides(x.rank(), 1);
  starts[dim] = start;
  limits[dim] = limit;
  return slice(x, starts, limits, strides);
}

Val Emitter::reverse(const Val &x, int64_t dim) {
  if (x.dim(dim) <= 1)
    return x;
  if (!folds(x.size(), {&x}))
    return make<graph::ReverseOp>(x.type(), x.shape(), operand(x), dim);
  Shape strides = stridesOf(x.shape());
  int64_t base = strides[dim] * (x.dim(dim) - 1);
  strides[dim] = -strides[dim];
  return gatherStrided(*x.constant(), x.shape(), strides, base);
}

Val Emitter::concat(ArrayRef<Val> parts, int64_t dim) {
  SmallVector<Val> filled;
  Shape shape(parts.front().shape());
  shape[dim] = 0;
  bool known = true;
  for (const Val &part : parts) {
    shape[dim] += part.dim(dim);
    known &= part.constant() != nullptr;
    if (part.dim(dim) != 0)
      filled.push_back(part);
  }
  if (filled.size() == 1)
    return filled.front();
  if (filled.empty())
    return parts.front();
  if (!known || !folds(volume(shape))) {
    SmallVector<mlir::Value> operands;
    for (const Val &part : filled)
      operands.push_back(operand(part));
    return make<graph::ConcatOp>(parts.front().type(), shape, operands, dim);
  }
  Constant out(parts.front().type(), shape);
  Shape strides = stridesOf(shape);
  int64_t base = 0;
  for (const Val &part : filled) {
    int64_t i = 0;
    for (Walk walk(part.shape(), strides, base); !walk.done(); walk.next())
      out.copy(walk.offset(), *part.constant(), i++);
    base += strides[dim] * part.dim(dim);
  }
  return Val(std::move(out));
}

Val Emitter::pad(const Val &x, const Val &value, ShapeRef low, ShapeRef high) {
  Shape shape(x.shape());
  for (int64_t dim = 0; dim < x.rank(); ++dim)
    shape[dim] += low[dim] + high[dim];
  if (x.shape() == ShapeRef(shape))
    return x;
  if (!folds(volume(shape), {&x, &value}))
    return make<graph::PadOp>(x.type(), shape, operand(x), operand(value), low,
                              high);
  Constant out(x.type(), shape);
  for (int64_t i = 0, size = out.size(); i < size; ++i)
    out.copy(i, *value.constant(), 0);
  Shape strides = stridesOf(shape);
  int64_t base = 0, i = 0;
  for (int64_t dim = 0; dim < x.rank(); ++dim)
    base += strides[dim] * low[dim];
  for (Walk walk(x.shape(), strides, base); !walk.done(); walk.next())
    out.copy(walk.offset(), *x.constant(), i++);
  return Val(std::move(out));
}

} // namespace vescale::onnx
