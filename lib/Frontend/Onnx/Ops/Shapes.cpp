//===- Shapes.cpp - Shape queries and changes of shape --------------------===//

#include "lib/Frontend/Onnx/NodeContext.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"

using namespace mlir;

namespace vescale::onnx {
namespace {

LogicalResult importShape(NodeContext &n) {
  int64_t rank = n.in(0).rank();
  auto clamp = [rank](int64_t index) {
    return std::clamp<int64_t>(index < 0 ? index + rank : index, 0, rank);
  };
  int64_t start = clamp(n.integer("start", 0));
  int64_t end = clamp(n.integer("end", rank));
  ShapeRef shape = n.in(0).shape();
  return n.set(
      n.e.integers(start < end ? shape.slice(start, end - start) : ShapeRef()));
}

LogicalResult importSize(NodeContext &n) {
  return n.set(n.e.scalar(n.e.i64(), double(n.in(0).size())));
}

LogicalResult importReshape(NodeContext &n) {
  const Val &x = n.in(0);
  FailureOr<Shape> target = n.known(1, "the target shape");
  if (failed(target))
    return failure();
  bool allowZero = n.integer("allowzero", 0) != 0;
  Shape shape = *target;
  std::optional<size_t> inferred;
  for (auto [dim, size] : llvm::enumerate(shape)) {
    if (size == 0 && !allowZero) {
      if (static_cast<int64_t>(dim) >= x.rank())
        return n.fail("target dimension " + Twine(dim) +
                      " is 0 (as in the "
                      "operand), but the operand has " +
                      Twine(x.rank()) + " dimensions");
      size = x.dim(dim);
    } else if (size == -1) {
      if (inferred)
        return n.fail("two target dimensions are -1");
      inferred = dim;
      size = 1;
    } else if (size < 0) {
      return n.fail("target dimension " + Twine(dim) + " is " + Twine(size));
    }
  }
  int64_t rest = volume(shape);
  if (inferred && rest > 0 && x.size() % rest == 0)
    shape[*inferred] = x.size() / rest;
  if (volume(shape) != x.size() || (inferred && rest == 0))
    return n.fail("a tensor of shape " + describeShape(x.shape()) +
                  " can't take the shape " + describeShape(*target));
  return n.set(n.e.reshape(x, shape));
}

LogicalResult importFlatten(NodeContext &n) {
  const Val &x = n.in(0);
  int64_t axis = n.integer("axis", 1);
  if (axis < -x.rank() || axis > x.rank())
    return n.fail("axis " + Twine(axis) + " does not exist");
  if (axis < 0)
    axis += x.rank();
  return n.set(n.e.reshape(x, {volume(x.shape().take_front(axis)),
                               volume(x.shape().drop_front(axis))}));
}

LogicalResult importSqueeze(NodeContext &n) {
  const Val &x = n.in(0);
  Shape dims;
  if (n.in(1).absent()) {
    for (int64_t dim = 0; dim < x.rank(); ++dim)
      if (x.dim(dim) == 1)
        dims.push_back(dim);
  } else {
    FailureOr<Shape> given = n.known(1, "the list of axes");
    if (failed(given))
      return failure();
    FailureOr<Shape> axes = n.axes(*given, x.rank());
    if (failed(axes))
      return failure();
    dims = *axes;
  }
  Shape shape;
  for (int64_t dim = 0; dim < x.rank(); ++dim) {
    if (!llvm::is_contained(dims, dim))
      shape.push_back(x.dim(dim));
    else if (x.dim(dim) != 1)
      return n.fail("dimension " + Twine(dim) + " has size " +
                    Twine(x.dim(dim)) + "; only size 1 can be squeezed");
  }
  return n.set(n.e.reshape(x, shape));
}

LogicalResult importUnsqueeze(NodeContext &n) {
  const Val &x = n.in(0);
  FailureOr<Shape> given = n.known(1, "the list of axes");
  if (failed(given))
    return failure();
  int64_t rank = x.rank() + static_cast<int64_t>(given->size());
  FailureOr<Shape> axes = n.axes(*given, rank);
  if (failed(axes))
    return failure();
  Shape shape;
  int64_t next = 0;
  for (int64_t dim = 0; dim < rank; ++dim)
    shape.push_back(llvm::is_contained(*axes, dim) ? 1 : x.dim(next++));
  return n.set(n.e.reshape(x, shape));
}

LogicalResult importTranspose(NodeContext &n) {
  const Val &x = n.in(0);
  Shape permutation;
  if (std::optional<Shape> given = n.integers("perm")) {
    permutation = *given;
    Shape sorted = permutation;
    llvm::sort(sorted);
    if (!llvm::equal(sorted, llvm::seq<int64_t>(0, x.rank())))
      return n.fail("perm " + describeShape(permutation) +
                    " is not a permutation of " + Twine(x.rank()) +
                    " dimensions");
  } else {
    for (int64_t dim = x.rank(); dim-- > 0;)
      permutation.push_back(dim);
  }
  return n.set(n.e.transpose(x, permutation));
}

LogicalResult importExpand(NodeContext &n) {
  FailureOr<Shape> target = n.known(1, "the target shape");
  if (failed(target))
    return failure();
  std::optional<Shape> shape = broadcastShapes(n.in(0).shape(), *target);
  if (!shape || llvm::any_of(*target, [](int64_t size) { return size < 0; }))
    return n.fail("shape " + describeShape(n.in(0).shape()) +
                  " does not broadcast to " + describeShape(*target));
  if (!elementCount(*shape))
    return n.fail("the result would have the shape " + describeShape(*shape));
  return n.set(n.e.broadcastTo(n.in(0), *shape));
}

LogicalResult importTile(NodeContext &n) {
  const Val &x = n.in(0);
  FailureOr<Shape> repeats = n.known(1, "the list of repeats");
  if (failed(repeats))
    return failure();
  if (static_cast<int64_t>(repeats->size()) != x.rank())
    return n.fail("there are " + Twine(repeats->size()) + " repeats for " +
                  Twine(x.rank()) + " dimensions");
  // Each dimension d becomes (repeat, d), which then merge.
  Shape wide, dims, merged;
  for (auto [size, repeat] : llvm::zip(x.shape(), *repeats)) {
    int64_t product;
    if (repeat < 0 || llvm::MulOverflow(size, repeat, product))
      return n.fail("a repeat is " + Twine(repeat));
    wide.push_back(repeat);
    dims.push_back(wide.size());
    wide.push_back(size);
    merged.push_back(product);
  }
  if (!elementCount(wide))
    return n.fail("the result would have the shape " + describeShape(merged));
  return n.set(n.e.reshape(n.e.broadcast(x, dims, wide), merged));
}

/// Depth to space and back: the block's rows and columns move between channels
/// and the two spatial dimensions.
LogicalResult importDepthToSpace(NodeContext &n) {
  const Val &x = n.in(0);
  int64_t block = n.integer("blocksize", 0);
  std::string mode = n.string("mode", "DCR");
  if (x.rank() != 4 || block < 1 || block > (1 << 20) ||
      x.dim(1) % (block * block) != 0 || (mode != "DCR" && mode != "CRD"))
    return n.fail("block size " + Twine(block) + " and mode '" + mode +
                  "' do not fit shape " + describeShape(x.shape()));
  int64_t channels = x.dim(1) / (block * block);
  Shape split, permutation;
  if (mode == "DCR") {
    split = {x.dim(0), block, block, channels, x.dim(2), x.dim(3)};
    permutation = {0, 3, 4, 1, 5, 2};
  } else {
    split = {x.dim(0), channels, block, block, x.dim(2), x.dim(3)};
    permutation = {0, 1, 4, 2, 5, 3};
  }
  Val moved = n.e.transpose(n.e.reshape(x, split), permutation);
  return n.set(n.e.reshape(
      moved, {x.dim(0), channels, x.dim(2) * block, x.dim(3) * block}));
}

LogicalResult importSpaceToDepth(NodeContext &n) {
  const Val &x = n.in(0);
  int64_t block = n.integer("blocksize", 0);
  if (x.rank() != 4 || block < 1 || block > (1 << 20) ||
      x.dim(2) % block != 0 || x.dim(3) % block != 0)
    return n.fail("block size " + Twine(block) + " does not fit shape " +
                  describeShape(x.shape()));
  int64_t height = x.dim(2) / block, width = x.dim(3) / block;
  Val split = n.e.reshape(x, {x.dim(0), x.dim(1), height, block, width, block});
  std::string mode = n.string("mode", "DCR");
  if (mode != "DCR" && mode != "CRD")
    return n.fail("mode '" + mode + "' is not supported");
  Val moved = mode == "DCR" ? n.e.transpose(split, {0, 3, 5, 1, 2, 4})
                            : n.e.transpose(split, {0, 1, 3, 5, 2, 4});
  return n.set(
      n.e.reshape(moved, {x.dim(0), x.dim(1) * block * block, height, width}));
}

} // namespace

void addShapeOps(OpRegistry &r) {
  r.add("Shape", 1, importShape);
  r.add("Size", 1, importSize);
  r.add("Reshape", 2, importReshape);
  r.add("Flatten", 1, importFlatten);
  r.add("Squeeze", 1, importSqueeze);
  r.add("Unsqueeze", 2, importUnsqueeze);
  r.add("Transpose", 1, importTranspose);
  r.add("Expand", 2, importExpand);
  r.add("Tile", 2, importTile);
  r.add("DepthToSpace", 1, importDepthToSpace);
  r.add("SpaceToDepth", 1, importSpaceToDepth);
}

} // namespace vescale::onnx
