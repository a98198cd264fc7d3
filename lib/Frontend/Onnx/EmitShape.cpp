//===- EmitShape.cpp - Movement of elements -------------------------------===//

#include "dialects/Graph/Fold/DimGroups.h"
#include "lib/Frontend/Onnx/Emitter.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"

using namespace mlir;

namespace vescale::onnx {

Val Emitter::iota(Type type, ShapeRef shape, int64_t dim) {
  if (volume(shape) > maxFoldedElements || !folds(shape[dim]))
    return make<graph::IotaOp>(type, shape, dim);
  Constant out(type, {shape[dim]});
  for (int64_t i = 0, size = out.size(); i < size; ++i) {
    if (out.isFloat())
      out.setFloat(i, static_cast<double>(i));
    else
      out.setInt(i, i);
  }
  return broadcast(Val(std::move(out)), {dim}, shape);
}

/// The strides of a known tensor under another shape, if it has such.
static std::optional<Shape> reshapeStrides(const Val &x, ShapeRef shape) {
  auto groups = graph::groupDims(x.shape(), shape);
  if (!groups)
    return std::nullopt;
  Shape strides(shape.size(), 0);
  for (const graph::DimGroup &group : *groups) {
    // Dimensions that are one run: each step outside is a whole walk inside.
    int64_t inner = 0, expected = 0;
    bool isFirst = true;
    for (int64_t dim = group.fromEnd; dim-- > group.fromBegin;) {
      if (x.dim(dim) == 1)
        continue;
      int64_t stride = x.strides()[dim];
      if (isFirst)
        inner = stride;
      else if (stride != expected)
        return std::nullopt;
      isFirst = false;
      expected = stride * x.dim(dim);
    }
    for (int64_t dim = group.toEnd; dim-- > group.toBegin;) {
      strides[dim] = inner;
      inner *= shape[dim];
    }
  }
  return strides;
}

Val Emitter::reshape(const Val &x, ShapeRef shape) {
  if (x.shape() == shape)
    return x;
  if (x.isKnown()) {
    if (std::optional<Shape> strides = reshapeStrides(x, shape))
      return Val(x, shape, *strides, x.base());
    if (folds(x.size(), {&x}))
      return Val(Val(*x.constant()), shape, stridesOf(shape), 0);
  }
  return make<graph::ReshapeOp>(x.type(), shape, operand(x));
}

Val Emitter::unsqueeze(const Val &x, int64_t dim) {
  Shape shape(x.shape());
  shape.insert(shape.begin() + dim, 1);
  return reshape(x, shape);
}

Val Emitter::transpose(const Val &x, ShapeRef permutation) {
  if (llvm::equal(permutation, llvm::seq<int64_t>(0, permutation.size())))
    return x;
  Shape shape, strides;
  for (int64_t dim : permutation) {
    shape.push_back(x.dim(dim));
    if (x.isKnown())
      strides.push_back(x.strides()[dim]);
  }
  if (x.isKnown())
    return Val(x, shape, strides, x.base());
  return make<graph::TransposeOp>(x.type(), shape, operand(x), permutation);
}

Val Emitter::broadcast(const Val &x, ShapeRef dims, ShapeRef shape) {
  if (x.shape() == shape)
    return x;
  if (!x.isKnown())
    return make<graph::BroadcastOp>(x.type(), shape, operand(x), dims);
  Shape strides(shape.size(), 0);
  for (auto [dim, stride] : llvm::zip_equal(dims, x.strides()))
    strides[dim] = stride;
  return Val(x, shape, strides, x.base());
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

/// The part of a concatenation that a slice of `shape` is; null if it is none.
const Val *Emitter::findPart(const Val &x, ShapeRef shape, ShapeRef starts,
                             ShapeRef strides) const {
  auto concat = x.tensor.getDefiningOp<graph::ConcatOp>();
  if (!concat)
    return nullptr;
  int64_t dim = concat.getDim(), start = 0;
  for (const Val &part : concats.find(x.tensor)->second) {
    if (start == starts[dim] && part.shape() == shape && strides[dim] == 1)
      return &part;
    start += part.dim(dim);
  }
  return nullptr;
}

Val Emitter::slice(const Val &x, ShapeRef starts, ShapeRef limits,
                   ShapeRef strides) {
  Shape shape, steps;
  int64_t base = x.base();
  bool whole = true;
  for (int64_t dim = 0; dim < x.rank(); ++dim) {
    shape.push_back((limits[dim] - starts[dim] + strides[dim] - 1) /
                    strides[dim]);
    if (x.isKnown()) {
      steps.push_back(x.strides()[dim] * strides[dim]);
      base += x.strides()[dim] * starts[dim];
    }
    whole &= shape[dim] == x.dim(dim);
  }
  if (whole)
    return x;
  if (x.isKnown())
    return Val(x, shape, steps, base);
  if (const Val *part = findPart(x, shape, starts, strides))
    return *part;
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
  if (!x.isKnown())
    return make<graph::ReverseOp>(x.type(), x.shape(), operand(x), dim);
  Shape strides(x.strides());
  int64_t base = x.base() + strides[dim] * (x.dim(dim) - 1);
  strides[dim] = -strides[dim];
  return Val(x, x.shape(), strides, base);
}

Val Emitter::once(const Val &x, ShapeRef dims) {
  Shape shape(x.shape());
  for (int64_t dim : dims)
    shape[dim] = 1;
  return Val(x, shape, x.strides(), x.base());
}

Val Emitter::repeat(const Val &x, ShapeRef shape) {
  if (!x.isKnown())
    return broadcastTo(x, shape);
  return Val(x, shape, x.strides(), x.base());
}

Val Emitter::concat(ArrayRef<Val> parts, int64_t dim) {
  // Where all parts repeat, one is enough.
  Shape repeated, all(parts.front().shape());
  all[dim] = 0;
  for (const Val &part : parts)
    all[dim] += part.dim(dim);
  for (int64_t other = 0; other < parts.front().rank(); ++other)
    if (other != dim && llvm::all_of(parts, [&](const Val &part) {
          return part.isKnown() && part.repeatsAlong(other);
        }))
      repeated.push_back(other);
  if (!repeated.empty()) {
    SmallVector<Val> small;
    for (const Val &part : parts)
      small.push_back(once(part, repeated));
    return repeat(concat(small, dim), all);
  }

  SmallVector<Val> filled;
  Shape shape(parts.front().shape());
  shape[dim] = 0;
  bool known = true, anyRepeats = false;
  for (const Val &part : parts) {
    shape[dim] += part.dim(dim);
    known &= part.isKnown() && part.size() <= maxFoldedElements;
    for (int64_t other = 0; known && other < part.rank(); ++other)
      anyRepeats |= part.repeatsAlong(other);
    if (part.dim(dim) != 0)
      filled.push_back(part);
  }
  if (filled.size() == 1)
    return filled.front();
  if (filled.empty())
    return parts.front();
  // Indices of a large grid are set together only to be taken apart again.
  if (!known || (volume(shape) > maxExpandedElements && anyRepeats) ||
      !folds(volume(shape))) {
    SmallVector<mlir::Value> operands;
    for (const Val &part : filled)
      operands.push_back(operand(part));
    Val whole =
        make<graph::ConcatOp>(parts.front().type(), shape, operands, dim);
    concats[whole.tensor] = std::move(filled);
    return whole;
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
