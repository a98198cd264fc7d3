//===- EmitIndexing.cpp - Reductions, scans, reads, products --------------===//

#include "lib/Frontend/Onnx/Emitter.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace mlir;

namespace vescale::onnx {

static double identity(graph::Reduction kind) {
  switch (kind) {
  case graph::Reduction::Sum:
    return 0;
  case graph::Reduction::Prod:
    return 1;
  case graph::Reduction::Max:
    return -INFINITY;
  case graph::Reduction::Min:
    return INFINITY;
  }
  return 0;
}

static double combine(graph::Reduction kind, double a, double b) {
  switch (kind) {
  case graph::Reduction::Sum:
    return a + b;
  case graph::Reduction::Prod:
    return a * b;
  case graph::Reduction::Max:
    return std::isnan(a) || std::isnan(b) ? NAN : std::max(a, b);
  case graph::Reduction::Min:
    return std::isnan(a) || std::isnan(b) ? NAN : std::min(a, b);
  }
  return a;
}

static int64_t combine(graph::Reduction kind, int64_t a, int64_t b) {
  switch (kind) {
  case graph::Reduction::Sum:
    return int64_t(uint64_t(a) + uint64_t(b));
  case graph::Reduction::Prod:
    return int64_t(uint64_t(a) * uint64_t(b));
  case graph::Reduction::Max:
    return std::max(a, b);
  case graph::Reduction::Min:
    return std::min(a, b);
  }
  return a;
}

Val Emitter::reduce(graph::Reduction kind, const Val &x, ShapeRef dims,
                    bool keep) {
  Shape kept, squeezed, strides(x.rank(), 0);
  for (int64_t dim = 0; dim < x.rank(); ++dim) {
    bool reduced = llvm::is_contained(dims, dim);
    kept.push_back(reduced ? 1 : x.dim(dim));
    if (!reduced)
      squeezed.push_back(x.dim(dim));
  }
  Shape outStrides = stridesOf(kept);
  for (int64_t dim = 0; dim < x.rank(); ++dim)
    strides[dim] = llvm::is_contained(dims, dim) ? 0 : outStrides[dim];
  if (dims.empty())
    return x;
  // Of no elements integers have no lowest value to start from here.
  if (!folds(x.size(), {&x}) || x.size() == 0) {
    Val result =
        make<graph::ReduceOp>(x.type(), squeezed, kind, operand(x), dims);
    return keep ? reshape(result, kept) : result;
  }
  const Constant &in = *x.constant();
  Constant out(in.type, keep ? kept : squeezed);
  std::vector<bool> seen(out.size());
  // Floats add up in double and are rounded once at the end.
  if (in.isFloat())
    out.floats.assign(out.size(), identity(kind));
  int64_t i = 0;
  for (Walk walk(x.shape(), strides); !walk.done(); walk.next(), ++i) {
    int64_t at = walk.offset();
    if (in.isFloat())
      out.floats[at] = combine(kind, out.floats[at], in.floats[i]);
    else
      out.setInt(at, seen[at] ? combine(kind, out.ints[at], in.ints[i])
                              : in.ints[i]);
    seen[at] = true;
  }
  if (in.isFloat())
    for (int64_t at = 0, size = out.size(); at < size; ++at)
      out.setFloat(at, out.floats[at]);
  return Val(std::move(out));
}

Val Emitter::cumsum(const Val &x, int64_t dim, bool exclusive, bool reverse) {
  Shape repeated;
  for (int64_t other = 0; x.isKnown() && other < x.rank(); ++other)
    if (other != dim && x.repeatsAlong(other))
      repeated.push_back(other);
  if (!repeated.empty())
    return repeat(cumsum(once(x, repeated), dim, exclusive, reverse),
                  x.shape());
  if (!folds(x.size(), {&x}))
    return make<graph::CumsumOp>(x.type(), x.shape(), operand(x), dim,
                                 exclusive, reverse);
  const Constant &in = *x.constant();
  Constant out(in.type, in.shape);
  int64_t inner = stridesOf(in.shape)[dim], length = in.shape[dim];
  for (int64_t line = 0, lines = in.size() / std::max<int64_t>(length, 1);
       line < lines; ++line) {
    int64_t base = line / inner * inner * length + line % inner;
    double sum = 0;
    int64_t intSum = 0;
    for (int64_t step = 0; step < length; ++step) {
      int64_t at = base + (reverse ? length - 1 - step : step) * inner;
      auto add = [&] {
        if (in.isFloat())
          sum += in.floats[at];
        else
          intSum = int64_t(uint64_t(intSum) + uint64_t(in.ints[at]));
      };
      if (!exclusive)
        add();
      if (in.isFloat())
        out.setFloat(at, sum);
      else
        out.setInt(at, intSum);
      if (exclusive)
        add();
    }
  }
  return Val(std::move(out));
}

Val Emitter::argmax(const Val &x, int64_t dim) {
  Shape shape(x.shape());
  shape.erase(shape.begin() + dim);
  return make<graph::ArgMaxOp>(i64(), shape, operand(x), dim);
}

/// Whether every index lies in [-size, size); others are the program's to
/// refuse.
static bool inRange(const Constant &indices, int64_t size) {
  return llvm::all_of(indices.ints, [size](int64_t index) {
    return index >= -size && index < size;
  });
}

Val Emitter::take(const Val &data, const Val &indices, int64_t axis) {
  Shape shape(data.shape().take_front(axis));
  llvm::append_range(shape, indices.shape());
  llvm::append_range(shape, data.shape().drop_front(axis + 1));
  int64_t length = data.dim(axis);
  if (!folds(volume(shape), {&data, &indices}) ||
      !inRange(*indices.constant(), length))
    return make<graph::TakeOp>(data.type(), shape, operand(data),
                               operand(indices), axis);
  int64_t inner = volume(data.shape().drop_front(axis + 1));
  int64_t outer = volume(data.shape().take_front(axis));
  Constant out(data.type(), shape);
  int64_t at = 0;
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t index : indices.constant()->ints)
      for (int64_t i = 0; i < inner; ++i)
        out.copy(at++, *data.constant(),
                 (o * length + (index < 0 ? index + length : index)) * inner +
                     i);
  return Val(std::move(out));
}

Val Emitter::takeAlong(const Val &data, const Val &indices, int64_t axis) {
  int64_t length = data.dim(axis);
  if (!folds(indices.size(), {&data, &indices}) ||
      !inRange(*indices.constant(), length))
    return make<graph::TakeAlongOp>(data.type(), indices.shape(), operand(data),
                                    operand(indices), axis);
  Constant out(data.type(), indices.shape());
  Shape strides = stridesOf(data.shape());
  int64_t step = strides[axis];
  strides[axis] = 0;
  int64_t i = 0;
  for (Walk walk(indices.shape(), strides); !walk.done(); walk.next(), ++i) {
    int64_t index = indices.constant()->ints[i];
    out.copy(i, *data.constant(),
             walk.offset() + (index < 0 ? index + length : index) * step);
  }
  return Val(std::move(out));
}

Val Emitter::dot(const Val &lhs, const Val &rhs, ShapeRef lhsBatch,
                 ShapeRef rhsBatch, ShapeRef lhsContract,
                 ShapeRef rhsContract) {
  Shape shape;
  for (int64_t dim : lhsBatch)
    shape.push_back(lhs.dim(dim));
  auto addFree = [&](const Val &operand, ShapeRef batch, ShapeRef contract) {
    for (int64_t dim = 0; dim < operand.rank(); ++dim)
      if (!llvm::is_contained(batch, dim) && !llvm::is_contained(contract, dim))
        shape.push_back(operand.dim(dim));
  };
  addFree(lhs, lhsBatch, lhsContract);
  addFree(rhs, rhsBatch, rhsContract);
  return make<graph::DotOp>(lhs.type(), shape, operand(lhs), operand(rhs),
                            lhsBatch, rhsBatch, lhsContract, rhsContract);
}

} // namespace vescale::onnx
