//===- Scatter.cpp - Writes at computed positions -------------------------===//
//
// Without a scatter op: which update lands at a position is found by comparing
// every index with every position, and the update is then read from there.
//
//   winner[p] = max over updates u of (index[u] = p ? u : -1)
//   result[p] = winner[p] < 0 ? data[p] : updates[winner[p]]
//
// So no two writes meet, the last of several wins, and any dimension but the
// scattered one can be sharded. With a reduction the updates that hit a
// position are reduced instead. The comparisons cost the product of both sizes:
// few for a cache or a table of experts, and too many are refused.
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Onnx/NodeContext.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace vescale::onnx {
namespace {

/// Comparisons of an index with a position in one op.
constexpr int64_t maxComparisons = int64_t(1) << 32;

enum class Combine { Replace, Add, Mul, Max, Min };

FailureOr<Combine> readCombine(NodeContext &n) {
  std::string text = n.string("reduction", "none");
  std::optional<Combine> kind = llvm::StringSwitch<std::optional<Combine>>(text)
                                    .Case("none", Combine::Replace)
                                    .Case("add", Combine::Add)
                                    .Case("mul", Combine::Mul)
                                    .Case("max", Combine::Max)
                                    .Case("min", Combine::Min)
                                    .Default(std::nullopt);
  if (!kind)
    return n.fail("reduction '" + text + "' is not supported");
  if (*kind != Combine::Replace && n.in(0).isBool())
    return n.fail("boolean elements can't be reduced");
  return *kind;
}

/// Indices counted from the front. Reading a table of positions there makes an
/// index out of range an error, as in every other read.
Val checkedIndices(Emitter &e, const Val &indices, int64_t size) {
  return e.take(e.iota(e.i64(), {size}, 0), indices, 0);
}

/// x repeated along a new dimension of `size` before dimension `at`.
Val insertDim(Emitter &e, const Val &x, int64_t at, int64_t size) {
  Shape shape(x.shape()), dims;
  shape.insert(shape.begin() + at, size);
  for (int64_t dim = 0; dim < x.rank(); ++dim)
    dims.push_back(dim < at ? dim : dim + 1);
  return e.broadcast(x, dims, shape);
}

/// x repeated along the dimensions that `shape` has behind its own.
Val appendDims(Emitter &e, const Val &x, ShapeRef shape) {
  Shape dims;
  for (int64_t dim = 0; dim < x.rank(); ++dim)
    dims.push_back(dim);
  return e.broadcast(x, dims, shape);
}

/// `data` of shape A×P×B with P at `axis`, `updates` A×U×B, and `indices` of
/// the updates' shape or, where all of B is written together, A×U.
Val scatter(Emitter &e, Combine combine, const Val &data, const Val &indices,
            const Val &updates, int64_t axis) {
  int64_t positions = data.dim(axis);
  Val wanted = insertDim(e, indices, axis + 1, positions);
  Val hit = e.compare(graph::Comparison::Eq, wanted,
                      e.iota(e.i64(), wanted.shape(), axis + 1));
  if (combine == Combine::Replace) {
    Val order = e.iota(e.i64(), hit.shape(), axis);
    Val winner = e.reduce(graph::Reduction::Max,
                          e.select(hit, order, e.fillLike(order, -1)), {axis},
                          /*keep=*/false);
    Val zero = e.fillLike(winner, 0);
    Val written = e.compare(graph::Comparison::Ge, winner, zero);
    Val from = e.binary(Binary::Max, winner, zero);
    Val value = from.rank() == data.rank() ? e.takeAlong(updates, from, axis)
                                           : e.take(updates, from, axis);
    return e.select(appendDims(e, written, data.shape()), value, data);
  }
  Val terms = insertDim(e, updates, axis + 1, positions);
  // What leaves the data as they are: 0, 1, or the data themselves.
  Val idle = combine == Combine::Add ? e.fillLike(terms, 0)
             : combine == Combine::Mul
                 ? e.fillLike(terms, 1)
                 : insertDim(e, data, axis, updates.dim(axis));
  terms = e.select(appendDims(e, hit, terms.shape()), terms, idle);
  auto apply = [&](graph::Reduction reduction, Binary binary) {
    return e.binary(binary, data,
                    e.reduce(reduction, terms, {axis}, /*keep=*/false));
  };
  switch (combine) {
  case Combine::Mul:
    return apply(graph::Reduction::Prod, Binary::Mul);
  case Combine::Max:
    return apply(graph::Reduction::Max, Binary::Max);
  case Combine::Min:
    return apply(graph::Reduction::Min, Binary::Min);
  default:
    return apply(graph::Reduction::Sum, Binary::Add);
  }
}

LogicalResult checkOperands(NodeContext &n) {
  if (n.in(1).isFloat() || n.in(1).isBool())
    return n.error() << "indices have the element type " << n.in(1).type();
  if (n.in(2).type() != n.in(0).type())
    return n.error() << "data and updates have the element types "
                     << n.in(0).type() << " and " << n.in(2).type();
  return success();
}

LogicalResult checkComparisons(NodeContext &n, int64_t updates,
                               int64_t positions) {
  if (updates == 0 || positions <= maxComparisons / updates)
    return success();
  return n.fail("compares " + Twine(updates) + " indices with " +
                Twine(positions) +
                " positions each, which is more than is supported");
}

LogicalResult importScatterElements(NodeContext &n) {
  Emitter &e = n.e;
  const Val &data = n.in(0);
  Val indices = n.in(1), updates = n.in(2);
  FailureOr<Combine> combine = readCombine(n);
  if (failed(combine) || failed(checkOperands(n)))
    return failure();
  FailureOr<int64_t> axis = n.axis(n.integer("axis", 0), data.rank());
  if (failed(axis))
    return failure();
  if (indices.rank() != data.rank() || updates.shape() != indices.shape())
    return n.fail("data " + describeShape(data.shape()) + ", indices " +
                  describeShape(indices.shape()) + " and updates " +
                  describeShape(updates.shape()) + " do not fit together");
  // Indices may cover only the front of the other dimensions; behind it lie
  // positions that none has.
  Shape low(data.rank(), 0), high(data.rank(), 0);
  for (int64_t dim = 0; dim < data.rank(); ++dim) {
    if (dim == *axis)
      continue;
    high[dim] = data.dim(dim) - indices.dim(dim);
    if (high[dim] < 0)
      return n.fail("indices of shape " + describeShape(indices.shape()) +
                    " reach past data of shape " + describeShape(data.shape()));
  }
  if (indices.size() == 0)
    return n.set(data);
  int64_t size = data.dim(*axis);
  if (failed(checkComparisons(n, updates.dim(*axis), data.size())))
    return failure();
  indices = checkedIndices(e, indices, size);
  indices = e.pad(indices, e.scalar(e.i64(), -1), low, high);
  updates = e.pad(updates, e.scalar(updates.type(), 0), low, high);
  return n.set(scatter(e, *combine, data, indices, updates, *axis));
}

/// The last dimension of indices holds coordinates, which become one index into
/// the flattened dimensions.
LogicalResult importScatterNd(NodeContext &n) {
  Emitter &e = n.e;
  const Val &data = n.in(0), &indices = n.in(1), &updates = n.in(2);
  FailureOr<Combine> combine = readCombine(n);
  if (failed(combine) || failed(checkOperands(n)))
    return failure();
  int64_t depth = indices.rank() ? indices.dim(indices.rank() - 1) : 0;
  if (depth < 1 || depth > data.rank())
    return n.fail("indices of shape " + describeShape(indices.shape()) +
                  " do not fit data of shape " + describeShape(data.shape()));
  ShapeRef grid = indices.shape().drop_back(),
           slice = data.shape().drop_front(depth);
  Shape expected(grid);
  llvm::append_range(expected, slice);
  if (updates.shape() != ShapeRef(expected))
    return n.fail("updates have the shape " + describeShape(updates.shape()) +
                  ", not " + describeShape(expected));
  int64_t count = volume(grid), rest = volume(slice);
  int64_t positions = volume(data.shape().take_front(depth));
  if (count == 0 || data.size() == 0)
    return n.set(data);
  if (failed(checkComparisons(
          n, count, *combine == Combine::Replace ? positions : data.size())))
    return failure();
  Val index;
  for (int64_t i = 0; i < depth; ++i) {
    Val column = checkedIndices(
        e,
        e.reshape(e.sliceDim(indices, indices.rank() - 1, i, i + 1), {count}),
        data.dim(i));
    index = i == 0 ? column
                   : e.binary(Binary::Add,
                              e.binary(Binary::Mul, index, double(data.dim(i))),
                              column);
  }
  Val result = scatter(e, *combine, e.reshape(data, {positions, rest}), index,
                       e.reshape(updates, {count, rest}), 0);
  return n.set(e.reshape(result, data.shape()));
}

/// Writes a run of positions from one start per batch element on: a cache.
LogicalResult importTensorScatter(NodeContext &n) {
  Emitter &e = n.e;
  const Val &cache = n.in(0), &update = n.in(1), &starts = n.in(2);
  FailureOr<int64_t> axis = n.axis(n.integer("axis", -2), cache.rank());
  if (failed(axis))
    return failure();
  std::string mode = n.string("mode", "linear");
  if (mode != "linear" && mode != "circular")
    return n.fail("mode '" + mode + "' is not supported");
  Shape expected(cache.shape());
  if (update.rank() == cache.rank())
    expected[*axis] = update.dim(*axis);
  if (*axis == 0 || update.shape() != ShapeRef(expected) ||
      update.dim(*axis) > cache.dim(*axis) || update.type() != cache.type())
    return n.fail("an update of shape " + describeShape(update.shape()) +
                  " does not fit a cache of shape " +
                  describeShape(cache.shape()) + " along dimension " +
                  Twine(*axis));
  int64_t size = cache.dim(*axis), written = update.dim(*axis);
  if (written == 0)
    return n.set(cache);
  Val start = e.fill(e.i64(), {cache.dim(0)}, 0);
  if (!starts.absent()) {
    if (starts.shape() != ShapeRef({cache.dim(0)}) || starts.isFloat() ||
        starts.isBool())
      return n.fail("write_indices must hold one whole number for each of " +
                    Twine(cache.dim(0)) + " batch elements");
    // Past the last start the run would leave the cache.
    start = mode == "linear"
                ? checkedIndices(e, starts, size - written + 1)
                : e.binary(Binary::Rem, e.cast(starts, e.i64()), double(size));
  }
  // Which element of the update a position gets, if it is one.
  Val offset = e.binary(Binary::Sub, e.iota(e.i64(), cache.shape(), *axis),
                        e.broadcast(start, {0}, cache.shape()));
  Val zero = e.fillLike(offset, 0);
  if (mode == "circular")
    offset = e.select(e.compare(graph::Comparison::Lt, offset, zero),
                      e.binary(Binary::Add, offset, double(size)), offset);
  Val last = e.fillLike(offset, double(written - 1));
  Val inside =
      e.binary(Binary::And, e.compare(graph::Comparison::Ge, offset, zero),
               e.compare(graph::Comparison::Le, offset, last));
  Val from = e.binary(Binary::Min, e.binary(Binary::Max, offset, zero), last);
  return n.set(e.select(inside, e.takeAlong(update, from, *axis), cache));
}

} // namespace

void addScatterOps(OpRegistry &r) {
  r.add("ScatterElements", 3, importScatterElements);
  r.add("ScatterND", 3, importScatterNd);
  r.add("TensorScatter", 2, importTensorScatter);
}

} // namespace vescale::onnx
