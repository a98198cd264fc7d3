//===- Sorting.cpp - The largest elements of a row ------------------------===//
//
// Without a sort: an element's rank is the number of elements that come before
// it, and rank r's index is the one whose rank is r. Each row is compared with
// itself, which is cheap for the experts of a mixture and too much for a
// vocabulary; long rows are refused.
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Onnx/NodeContext.h"
#include <cmath>

using namespace mlir;

namespace vescale::onnx {
namespace {

/// Elements of a row that may be ranked.
constexpr int64_t maxRow = 4096;

/// The indices along the last dimension of the first `count` elements by size;
/// of equal ones the one with the lower index comes first, and NaN counts as
/// infinite.
Val rankedIndices(Emitter &e, Val x, int64_t count, bool largest) {
  int64_t rank = x.rank(), size = x.dim(rank - 1);
  if (x.isFloat())
    x = e.select(e.isNan(x), e.fillLike(x, INFINITY), x);
  // [i, j]: does element j come before element i?
  Shape pairs(x.shape()), rows, columns;
  pairs.push_back(size);
  for (int64_t dim = 0; dim + 1 < rank; ++dim) {
    rows.push_back(dim);
    columns.push_back(dim);
  }
  rows.push_back(rank - 1);
  columns.push_back(rank);
  Val i = e.broadcast(x, rows, pairs), j = e.broadcast(x, columns, pairs);
  Val ahead =
      e.compare(largest ? graph::Comparison::Gt : graph::Comparison::Lt, j, i);
  Type i32 = Builder(e.context()).getI32Type();
  Val earlier = e.compare(graph::Comparison::Lt, e.iota(i32, pairs, rank),
                          e.iota(i32, pairs, rank - 1));
  Val before = e.binary(
      Binary::Or, ahead,
      e.binary(Binary::And, earlier, e.compare(graph::Comparison::Eq, j, i)));
  Val ranks = e.reduce(graph::Reduction::Sum, e.cast(before, i32), {rank},
                       /*keep=*/false);
  // [r, i]: is element i of rank r?
  Shape wanted(x.shape());
  wanted.insert(wanted.end() - 1, count);
  Val hit =
      e.compare(graph::Comparison::Eq, e.broadcast(ranks, columns, wanted),
                e.iota(i32, wanted, rank - 1));
  Val index = e.iota(i32, wanted, rank);
  index = e.reduce(graph::Reduction::Sum,
                   e.select(hit, index, e.fillLike(index, 0)), {rank},
                   /*keep=*/false);
  return e.cast(index, e.i64());
}

LogicalResult importTopK(NodeContext &n) {
  Emitter &e = n.e;
  const Val &x = n.in(0);
  FailureOr<Shape> k = n.known(1, "the number of elements");
  FailureOr<int64_t> axis = n.axis(n.integer("axis", -1), x.rank());
  if (failed(k) || failed(axis))
    return failure();
  int64_t size = x.dim(*axis);
  if (k->size() != 1 || k->front() < 0 || k->front() > size)
    return n.fail("of " + Twine(size) + " elements the first " +
                  describeShape(*k) + " are wanted");
  if (x.isBool())
    return n.fail("the operand is boolean");
  if (size > maxRow)
    return n.fail("ranks rows of " + Twine(size) + " elements; at most " +
                  Twine(maxRow) + " are supported");
  n.ignore({"sorted"}); // They always are.
  Shape permutation;
  for (int64_t dim = 0; dim < x.rank(); ++dim)
    permutation.push_back(dim);
  std::swap(permutation[*axis], permutation.back());
  Val index = rankedIndices(e, e.transpose(x, permutation), k->front(),
                            n.integer("largest", 1) != 0);
  index = e.transpose(index, permutation);
  if (failed(n.set(1, index)))
    return failure();
  return n.set(e.takeAlong(x, index, *axis));
}

/// 1 at the first largest element of a row, 0 elsewhere.
LogicalResult importHardmax(NodeContext &n) {
  Emitter &e = n.e;
  const Val &x = n.in(0);
  FailureOr<int64_t> axis = n.axis(n.integer("axis", -1), x.rank());
  if (failed(axis))
    return failure();
  if (!x.isFloat() || x.dim(*axis) == 0)
    return n.fail("the operand must be of floats, in rows of at least one");
  Val first = e.broadcastTo(e.unsqueeze(e.argmax(x, *axis), *axis), x.shape());
  Val hit = e.compare(graph::Comparison::Eq, first,
                      e.iota(e.i64(), x.shape(), *axis));
  return n.set(e.cast(hit, x.type()));
}

} // namespace

void addSortingOps(OpRegistry &r) {
  r.add("TopK", 2, importTopK);
  r.add("Hardmax", 1, importHardmax);
}

} // namespace vescale::onnx
