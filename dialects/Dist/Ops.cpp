//===- Ops.cpp - Verification of dist ops -----------------------*- C++ -*-===//

#include "dialects/Dist/FactorAxes.h"

using namespace mlir;
using namespace vescale::dist;

static ParseResult parseMeshAxes(OpAsmParser &parser, MeshAttr &axes) {
  Attribute attribute = MeshAttr::parse(parser, {});
  axes = dyn_cast_or_null<MeshAttr>(attribute);
  return success(axes != nullptr);
}

static void printMeshAxes(OpAsmPrinter &printer, MeshOp, MeshAttr axes) {
  axes.print(printer);
}

//===----------------------------------------------------------------------===//
// Reshard
//===----------------------------------------------------------------------===//

/// Whether every digit of `axis` belongs to one of `axes`, whole or in parts.
static bool covers(ArrayRef<AxisRefAttr> axes, AxisRefAttr axis,
                   MeshAttr mesh) {
  int64_t position = axis.getPreSize();
  int64_t end = position * axis.getSize(mesh);
  while (position < end) {
    auto part = llvm::find_if(axes, [&](AxisRefAttr other) {
      int64_t pre = other.getPreSize();
      return other.getName() == axis.getName() && pre <= position &&
             position < pre * other.getSize(mesh) && !clash(axis, other, mesh);
    });
    if (part == axes.end())
      return false;
    position = part->getPreSize() * part->getSize(mesh);
  }
  return true;
}

LogicalResult ReshardOp::verify() {
  auto in = cast<RankedTensorType>(getInput().getType());
  auto out = cast<RankedTensorType>(getResult().getType());
  if (in.getShape() != out.getShape() ||
      in.getElementType() != out.getElementType())
    return emitOpError("changes the layout only, but goes from ")
           << in << " to " << out;
  LayoutAttr from = getLayout(in), to = getLayout(out);
  if (!from || !to)
    return emitOpError("needs a layout on operand and result");
  if (from.getMesh() != to.getMesh())
    return emitOpError("cannot move a tensor from mesh ")
           << from.getMesh() << " to mesh " << to.getMesh();
  MeshAttr mesh = lookupMesh(*this, from.getMesh());
  if (!mesh)
    return emitOpError("uses mesh ")
           << from.getMesh() << ", which does not exist";
  AxisList have = normalize(sorted(from.getPartial().getAxes()), mesh);
  for (AxisRefAttr axis : to.getPartial())
    if (!covers(have, axis, mesh) ||
        from.getPartialKind() != to.getPartialKind())
      return emitOpError("cannot make a value partial over axis \"")
             << axis.getName() << '"';
  return success();
}

//===----------------------------------------------------------------------===//
// Collectives
//===----------------------------------------------------------------------===//

/// The ranks in each group, or failure with a message.
static FailureOr<int64_t> groupSize(Operation *op, FlatSymbolRefAttr ref,
                                    AxesAttr axes) {
  MeshAttr mesh = lookupMesh(op, ref);
  if (!mesh)
    return op->emitOpError("uses mesh ") << ref << ", which does not exist";
  SmallVector<AxisRefAttr> seen;
  for (AxisRefAttr axis : axes) {
    int64_t size = mesh.getAxisSize(axis.getName());
    if (!size)
      return op->emitOpError("uses axis \"")
             << axis.getName() << "\", which mesh " << ref << " lacks";
    if (!axis.isWhole() && size % (axis.getPreSize() * axis.getSubSize()))
      return op->emitOpError("splits axis \"")
             << axis.getName() << "\" of size " << size
             << " in parts that do not divide it";
    for (AxisRefAttr other : seen)
      if (axis.overlaps(other))
        return op->emitOpError("uses axis \"") << axis.getName() << "\" twice";
    seen.push_back(axis);
  }
  return axes.getNumShards(mesh);
}

/// Checks that the result is the operand but for the given dimensions' sizes.
static LogicalResult
verifyShape(Operation *op, ArrayRef<std::pair<int64_t, int64_t>> dimSizes) {
  auto in = cast<RankedTensorType>(op->getOperand(0).getType());
  auto out = cast<RankedTensorType>(op->getResult(0).getType());
  if (in.getEncoding() || out.getEncoding())
    return op->emitOpError("works on local tensors, without layouts");
  if (in.getElementType() != out.getElementType())
    return op->emitOpError("changes the element type from ")
           << in << " to " << out;
  SmallVector<int64_t> expected(in.getShape());
  for (auto [dim, size] : dimSizes)
    expected[dim] = size;
  if (ArrayRef<int64_t>(expected) != out.getShape())
    return op->emitOpError("result should be ")
           << RankedTensorType::get(expected, in.getElementType())
           << ", but is " << out;
  return success();
}

static LogicalResult verifyDim(Operation *op, StringRef name, int64_t dim) {
  auto in = cast<RankedTensorType>(op->getOperand(0).getType());
  if (dim < 0 || dim >= in.getRank())
    return op->emitOpError()
           << name << ' ' << dim << " is not a dimension of " << in;
  return success();
}

static int64_t operandSize(Operation *op, int64_t dim) {
  return cast<RankedTensorType>(op->getOperand(0).getType()).getDimSize(dim);
}
static int64_t resultSize(Operation *op, int64_t dim) {
  return cast<RankedTensorType>(op->getResult(0).getType()).getDimSize(dim);
}

/// A gathered dimension may drop padding of the trailing shards only.
static LogicalResult verifyGathered(Operation *op, int64_t dim, int64_t ranks) {
  int64_t shard = operandSize(op, dim), size = resultSize(op, dim);
  if (shardSize(size, ranks) != shard)
    return op->emitOpError("gathers ")
           << ranks << " shards of " << shard << " along dimension " << dim
           << ", which cannot make " << size;
  return success();
}

LogicalResult AllReduceOp::verify() {
  if (failed(groupSize(*this, getMeshAttr(), getAxes())))
    return failure();
  return verifyShape(*this, {});
}

LogicalResult AllGatherOp::verify() {
  FailureOr<int64_t> ranks = groupSize(*this, getMeshAttr(), getAxes());
  int64_t dim = getDim();
  if (failed(ranks) || failed(verifyDim(*this, "dim", dim)) ||
      failed(verifyShape(*this, {{dim, resultSize(*this, dim)}})))
    return failure();
  return verifyGathered(*this, dim, *ranks);
}

LogicalResult ReduceScatterOp::verify() {
  FailureOr<int64_t> ranks = groupSize(*this, getMeshAttr(), getAxes());
  int64_t dim = getDim();
  if (failed(ranks) || failed(verifyDim(*this, "dim", dim)))
    return failure();
  return verifyShape(*this,
                     {{dim, shardSize(operandSize(*this, dim), *ranks)}});
}

LogicalResult AllToAllOp::verify() {
  FailureOr<int64_t> ranks = groupSize(*this, getMeshAttr(), getAxes());
  int64_t split = getSplitDim(), concat = getConcatDim();
  if (failed(ranks) || failed(verifyDim(*this, "split", split)) ||
      failed(verifyDim(*this, "concat", concat)))
    return failure();
  if (split == concat)
    return emitOpError("splits and concatenates dimension ") << split;
  if (failed(verifyShape(*this,
                         {{split, shardSize(operandSize(*this, split), *ranks)},
                          {concat, resultSize(*this, concat)}})))
    return failure();
  return verifyGathered(*this, concat, *ranks);
}

LogicalResult PermuteOp::verify() {
  FailureOr<int64_t> ranks = groupSize(*this, getMeshAttr(), getAxes());
  if (failed(ranks))
    return failure();
  SmallVector<int64_t> sorted(getTargets());
  llvm::sort(sorted);
  for (auto [index, target] : llvm::enumerate(sorted))
    if (target != static_cast<int64_t>(index))
      return emitOpError("targets are no permutation of the group");
  if (static_cast<int64_t>(sorted.size()) != *ranks)
    return emitOpError("has ")
           << sorted.size() << " targets for groups of " << *ranks;
  return verifyShape(*this, {});
}

LogicalResult ShardSliceOp::verify() {
  FailureOr<int64_t> ranks = groupSize(*this, getMeshAttr(), getAxes());
  int64_t dim = getDim();
  if (failed(ranks) || failed(verifyDim(*this, "dim", dim)))
    return failure();
  return verifyShape(*this,
                     {{dim, shardSize(operandSize(*this, dim), *ranks)}});
}

LogicalResult MaskOp::verify() {
  if (failed(groupSize(*this, getMeshAttr(), getAxes())) ||
      failed(verifyDim(*this, "dim", getDim())))
    return failure();
  auto in = cast<RankedTensorType>(getInput().getType());
  if (getValue().getType() != in.getElementType())
    return emitOpError("fills ") << in << " with a value of another type";
  return verifyShape(*this, {});
}

/// The bytes of the larger of operand and result.
static int64_t wholeBytes(Operation *op) {
  auto bytes = [](Type type) {
    auto tensor = cast<RankedTensorType>(type);
    return tensor.getNumElements() *
           llvm::divideCeil(tensor.getElementTypeBitWidth(), 8);
  };
  return std::max<int64_t>(bytes(op->getOperand(0).getType()),
                           bytes(op->getResult(0).getType()));
}

static int64_t sentBytes(CollectiveOpInterface op, int64_t rounds) {
  MeshAttr mesh = lookupMesh(op, op.getMeshRef());
  int64_t ranks = op.getGroupAxes().getNumShards(mesh);
  return rounds * wholeBytes(op) * (ranks - 1) / ranks;
}

int64_t AllReduceOp::getSentBytes() { return sentBytes(*this, 2); }
int64_t AllGatherOp::getSentBytes() { return sentBytes(*this, 1); }
int64_t ReduceScatterOp::getSentBytes() { return sentBytes(*this, 1); }
int64_t AllToAllOp::getSentBytes() {
  MeshAttr mesh = lookupMesh(*this, getMeshAttr());
  int64_t ranks = getAxes().getNumShards(mesh);
  auto in = cast<RankedTensorType>(getInput().getType());
  return in.getNumElements() *
         llvm::divideCeil(in.getElementTypeBitWidth(), 8) * (ranks - 1) / ranks;
}
int64_t PermuteOp::getSentBytes() { return wholeBytes(*this); }

#define VESCALE_COLLECTIVE(OP)                                                 \
  FlatSymbolRefAttr OP::getMeshRef() { return getMeshAttr(); }                 \
  AxesAttr OP::getGroupAxes() { return getAxes(); }
VESCALE_COLLECTIVE(AllReduceOp)
VESCALE_COLLECTIVE(AllGatherOp)
VESCALE_COLLECTIVE(ReduceScatterOp)
VESCALE_COLLECTIVE(AllToAllOp)
VESCALE_COLLECTIVE(PermuteOp)
#undef VESCALE_COLLECTIVE

#define GET_OP_CLASSES
#include "dialects/Dist/DistOps.cpp.inc"
