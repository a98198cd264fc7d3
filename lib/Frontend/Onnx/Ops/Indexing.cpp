//===- Indexing.cpp - Gather and its relatives ----------------------------===//

#include "lib/Frontend/Onnx/NodeContext.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace vescale::onnx {
namespace {

LogicalResult checkIndices(NodeContext &n) {
  const Val &indices = n.in(1);
  if (indices.isFloat() || indices.isBool())
    return n.error() << "indices have the element type " << indices.type();
  return success();
}

LogicalResult importGather(NodeContext &n) {
  const Val &data = n.in(0);
  if (failed(checkIndices(n)))
    return failure();
  FailureOr<int64_t> axis = n.axis(n.integer("axis", 0), data.rank());
  if (failed(axis))
    return failure();
  return n.set(n.e.take(data, n.in(1), *axis));
}

LogicalResult importGatherElements(NodeContext &n) {
  Val data = n.in(0);
  const Val &indices = n.in(1);
  if (failed(checkIndices(n)))
    return failure();
  FailureOr<int64_t> axis = n.axis(n.integer("axis", 0), data.rank());
  if (failed(axis))
    return failure();
  if (indices.rank() != data.rank())
    return n.fail("data and indices differ in the number of dimensions");
  // Indices may cover only the front of the other dimensions.
  Shape limits(data.shape());
  for (int64_t dim = 0; dim < data.rank(); ++dim) {
    if (dim == *axis)
      continue;
    if (indices.dim(dim) > data.dim(dim))
      return n.fail("indices of shape " + describeShape(indices.shape()) +
                    " reach past data of shape " + describeShape(data.shape()));
    limits[dim] = indices.dim(dim);
  }
  data = n.e.slice(data, Shape(data.rank(), 0), limits, Shape(data.rank(), 1));
  return n.set(n.e.takeAlong(data, indices, *axis));
}

/// The dimension of `column` along which each element is its own index, from 0
/// to `size`; nullopt if there is none.
std::optional<int64_t> runsAlong(const Val &column, int64_t size) {
  auto [elements, dims] = column.distinct();
  Shape strides = stridesOf(elements.shape);
  for (auto [at, dim] : llvm::enumerate(dims)) {
    if (elements.shape[at] != size)
      continue;
    bool runs = true;
    for (int64_t i = 0, count = elements.size(); runs && i < count; ++i)
      runs = elements.ints[i] == i / strides[at] % size;
    if (runs)
      return dim;
  }
  return std::nullopt;
}

/// A grid of indices that reads every element in place is a broadcast:
/// exporters write mask[batch, key] so. Null where the grid is anything else.
Val readInPlace(Emitter &e, const Val &data, ArrayRef<Val> columns,
                ShapeRef grid) {
  Shape kept, dims;
  for (auto [dim, column] : llvm::enumerate(columns)) {
    if (!column.isKnown())
      return {};
    int64_t size = data.dim(dim);
    if (size == 1) {
      if (llvm::any_of(column.distinct().first.ints,
                       [](int64_t index) { return index != 0; }))
        return {};
      continue; // Dropped.
    }
    std::optional<int64_t> along = runsAlong(column, size);
    if (!along || (!dims.empty() && *along <= dims.back()))
      return {};
    kept.push_back(size);
    dims.push_back(*along);
  }
  Shape shape(grid);
  for (int64_t size : data.shape().drop_front(columns.size())) {
    kept.push_back(size);
    dims.push_back(shape.size());
    shape.push_back(size);
  }
  return e.broadcast(e.reshape(data, kept), dims, shape);
}

/// The last dimension of indices holds coordinates. Those become one index into
/// the flattened dimensions.
LogicalResult importGatherNd(NodeContext &n) {
  Emitter &e = n.e;
  const Val &data = n.in(0), &indices = n.in(1);
  if (failed(checkIndices(n)))
    return failure();
  int64_t batchDims = n.integer("batch_dims", 0);
  if (indices.rank() < 1 || data.rank() < 1)
    return n.fail("data or indices are a scalar");
  int64_t depth = indices.dim(indices.rank() - 1);
  if (batchDims < 0 || batchDims >= indices.rank() || depth < 1 ||
      depth > data.rank() - batchDims)
    return n.fail("indices of shape " + describeShape(indices.shape()) +
                  " do not fit data of shape " + describeShape(data.shape()));
  ShapeRef grid = indices.shape().drop_back();
  SmallVector<Val> columns;
  for (int64_t dim = 0; dim < batchDims; ++dim) {
    if (grid[dim] != data.dim(dim))
      return n.fail("batch dimension " + Twine(dim) + " differs in size");
    columns.push_back(e.iota(indices.type(), grid, dim));
  }
  for (int64_t i = 0; i < depth; ++i) {
    Val column =
        e.reshape(e.sliceDim(indices, indices.rank() - 1, i, i + 1), grid);
    int64_t size = data.dim(batchDims + i);
    Val wrapped = e.binary(Binary::Add, column, double(size));
    columns.push_back(e.select(
        e.compare(graph::Comparison::Lt, column, e.fillLike(column, 0)),
        wrapped, column));
  }
  if (Val inPlace = readInPlace(e, data, columns, grid); !inPlace.absent())
    return n.set(inPlace);
  int64_t flatDims = columns.size();
  int64_t flat = volume(data.shape().take_front(flatDims));
  // A coordinate outside its dimension must not land in another row: it becomes
  // the flattened size, which take refuses.
  Val index = e.fill(e.i64(), grid, 0), bad = e.fill(e.i1(), grid, 0);
  for (auto [dim, column] : llvm::enumerate(columns)) {
    Val wide = e.cast(column, e.i64());
    double size = double(data.dim(dim));
    bad = e.binary(Binary::Or, bad,
                   e.compare(graph::Comparison::Lt, wide, e.fillLike(wide, 0)));
    bad = e.binary(
        Binary::Or, bad,
        e.compare(graph::Comparison::Ge, wide, e.fillLike(wide, size)));
    index = dim == 0 ? wide
                     : e.binary(Binary::Add, e.binary(Binary::Mul, index, size),
                                wide);
  }
  if (flatDims > 1)
    index = e.select(bad, e.fillLike(index, double(flat)), index);
  Shape merged{flat};
  llvm::append_range(merged, data.shape().drop_front(flatDims));
  return n.set(e.take(e.reshape(data, merged), index, 0));
}

/// Keeps the elements or slices that a condition known when compiling selects.
LogicalResult importCompress(NodeContext &n) {
  Emitter &e = n.e;
  Val x = n.in(0);
  const Constant *condition = n.in(1).constant();
  if (!condition)
    return n.fail("the condition must be known when the model is compiled: the "
                  "result's shape depends on it");
  int64_t axis = 0;
  if (n.attribute("axis")) {
    FailureOr<int64_t> given = n.axis(n.integer("axis", 0), x.rank());
    if (failed(given))
      return failure();
    axis = *given;
  } else {
    x = e.reshape(x, {x.size()});
  }
  if (!n.in(1).isBool() || n.in(1).rank() != 1 || x.rank() == 0 ||
      condition->size() > x.dim(axis))
    return n.fail("a condition of shape " + describeShape(n.in(1).shape()) +
                  " does not fit " + describeShape(x.shape()));
  SmallVector<int64_t> kept;
  for (int64_t i = 0; i < condition->size(); ++i)
    if (condition->ints[i])
      kept.push_back(i);
  return n.set(e.take(x, e.integers(kept), axis));
}

/// Positions of the elements that are not zero, a column each.
LogicalResult importNonZero(NodeContext &n) {
  const Constant *x = n.in(0).constant();
  if (!x)
    return n.fail("the operand must be known when the model is compiled: the "
                  "result's shape depends on it");
  Shape strides = stridesOf(x->shape);
  SmallVector<int64_t> found;
  for (int64_t i = 0, size = x->size(); i < size; ++i)
    if (x->number(i) != 0)
      found.push_back(i);
  int64_t count = found.size(), rank = strides.size();
  Constant result(n.e.i64(), {rank, count});
  for (int64_t dim = 0; dim < rank; ++dim)
    for (int64_t i = 0; i < count; ++i)
      result.ints[dim * count + i] = found[i] / strides[dim] % x->shape[dim];
  return n.set(Val(std::move(result)));
}

} // namespace

void addIndexingOps(OpRegistry &r) {
  r.add("Gather", 2, importGather);
  r.add("GatherElements", 2, importGatherElements);
  r.add("GatherND", 2, importGatherNd);
  r.add("Compress", 2, importCompress);
  r.add("NonZero", 1, importNonZero);
}

} // namespace vescale::onnx
