//===- Collectives.cpp - Evaluation of collectives --------------*- C++ -*-===//
//
// Each by its definition: what a rank gets from the tensors of its group.
//
//===----------------------------------------------------------------------===//
#include "dialects/Dist/Evaluate/Shard.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;

using PerRank = ArrayRef<const Tensor *>;

/// Calls `make` for each rank with its place in its group and the group's
/// tensors in order.
static Tensors forEachGroup(Operation *op, FlatSymbolRefAttr ref, AxesAttr axes,
                            PerRank operands,
                            llvm::function_ref<Tensor(int64_t, PerRank)> make) {
  MeshAttr mesh = lookupMesh(op, ref);
  if (static_cast<int64_t>(operands.size()) != mesh.getNumRanks())
    return op->emitOpError("is on a mesh of ")
           << mesh.getNumRanks() << " ranks, but runs on " << operands.size();
  SmallVector<Tensor, 1> results;
  for (int64_t rank = 0; rank < mesh.getNumRanks(); ++rank) {
    SmallVector<const Tensor *> group;
    for (int64_t i = 0; i < axes.getNumShards(mesh); ++i)
      group.push_back(operands[groupMember(axes, mesh, rank, i)]);
    results.push_back(make(indexInGroup(axes, mesh, rank), group));
  }
  return results;
}

/// Part `index` of the tensor along a dimension, `size` long; what it reads
/// past the end is poison.
static Tensor part(const Tensor &tensor, int64_t dim, int64_t index,
                   int64_t size, EvaluateContext &context) {
  Elements e = context.elements(tensor.getElementType());
  SmallVector<int64_t> shape(tensor.getShape()), from;
  shape[dim] = size;
  Tensor result(shape, tensor.getElementType());
  forEachIndex(shape, [&](ArrayRef<int64_t> at, int64_t offset) {
    from.assign(at.begin(), at.end());
    from[dim] += index * size;
    result[offset] = from[dim] < tensor.getDim(dim) ? tensor.at(from)
                                                    : e.poison(context.poison);
  });
  return result;
}

/// The tensors side by side along a dimension, cut to `size`.
static Tensor sideBySide(ArrayRef<Tensor> parts, int64_t dim, int64_t size) {
  SmallVector<int64_t> shape(parts.front().getShape()), from;
  int64_t length = shape[dim];
  shape[dim] = size;
  Tensor result(shape, parts.front().getElementType());
  forEachIndex(shape, [&](ArrayRef<int64_t> at, int64_t offset) {
    from.assign(at.begin(), at.end());
    const Tensor &source = parts[at[dim] / length];
    from[dim] = at[dim] % length;
    result[offset] = source.at(from);
  });
  return result;
}

static Tensor reduceGroup(PerRank group, ReductionKind kind,
                          EvaluateContext &context) {
  Tensor sum = *group.front();
  Elements e = context.elements(sum.getElementType());
  for (const Tensor *tensor : group.drop_front())
    for (int64_t i = 0; i < sum.getNumElements(); ++i)
      sum[i] = e.round(combine(kind, e, sum[i], (*tensor)[i]));
  return sum;
}

static int64_t resultSize(Operation *op, int64_t dim) {
  return cast<RankedTensorType>(op->getResult(0).getType()).getDimSize(dim);
}

Tensors AllReduceOp::evaluateOnRanks(PerRank operands,
                                     EvaluateContext &context) {
  return forEachGroup(*this, getMeshAttr(), getAxes(), operands,
                      [&](int64_t, PerRank group) {
                        return reduceGroup(group, getKind(), context);
                      });
}

Tensors AllGatherOp::evaluateOnRanks(PerRank operands, EvaluateContext &) {
  int64_t dim = getDim();
  return forEachGroup(*this, getMeshAttr(), getAxes(), operands,
                      [&](int64_t, PerRank group) {
                        SmallVector<Tensor> parts;
                        for (const Tensor *tensor : group)
                          parts.push_back(*tensor);
                        return sideBySide(parts, dim, resultSize(*this, dim));
                      });
}

Tensors ReduceScatterOp::evaluateOnRanks(PerRank operands,
                                         EvaluateContext &context) {
  int64_t dim = getDim();
  return forEachGroup(*this, getMeshAttr(), getAxes(), operands,
                      [&](int64_t index, PerRank group) {
                        return part(reduceGroup(group, getKind(), context), dim,
                                    index, resultSize(*this, dim), context);
                      });
}

Tensors AllToAllOp::evaluateOnRanks(PerRank operands,
                                    EvaluateContext &context) {
  int64_t split = getSplitDim(), concat = getConcatDim();
  return forEachGroup(
      *this, getMeshAttr(), getAxes(), operands,
      [&](int64_t index, PerRank group) {
        SmallVector<Tensor> parts;
        for (const Tensor *tensor : group)
          parts.push_back(
              part(*tensor, split, index, resultSize(*this, split), context));
        return sideBySide(parts, concat, resultSize(*this, concat));
      });
}

Tensors PermuteOp::evaluateOnRanks(PerRank operands, EvaluateContext &) {
  return forEachGroup(*this, getMeshAttr(), getAxes(), operands,
                      [&](int64_t index, PerRank group) {
                        auto source = llvm::find(getTargets(), index);
                        return *group[source - getTargets().begin()];
                      });
}

//===----------------------------------------------------------------------===//
// Ops that move nothing between ranks
//===----------------------------------------------------------------------===//

static Tensors one(Tensor tensor) {
  SmallVector<Tensor, 1> results;
  results.push_back(std::move(tensor));
  return results;
}

/// Before partition a value is the global tensor, whatever its layout.
Tensors ReshardOp::evaluate(PerRank operands, EvaluateContext &) {
  return one(*operands[0]);
}

Tensors ShardSliceOp::evaluate(PerRank operands, EvaluateContext &context) {
  MeshAttr mesh = lookupMesh(*this, getMeshAttr());
  return one(part(*operands[0], getDim(),
                  indexInGroup(getAxes(), mesh, context.rank),
                  resultSize(*this, getDim()), context));
}

Tensors MaskOp::evaluate(PerRank operands, EvaluateContext &context) {
  MeshAttr mesh = lookupMesh(*this, getMeshAttr());
  int64_t dim = getDim();
  Tensor result = *operands[0];
  Element value =
      context.elements(result.getElementType()).attribute(getValue());
  int64_t start =
      indexInGroup(getAxes(), mesh, context.rank) * result.getDim(dim);
  forEachIndex(operands[0]->getShape(),
               [&](ArrayRef<int64_t> index, int64_t offset) {
                 if (start + index[dim] >= int64_t(getSize()))
                   result[offset] = value;
               });
  return one(std::move(result));
}

Tensors AxisIndexOp::evaluate(PerRank, EvaluateContext &context) {
  MeshAttr mesh = lookupMesh(*this, getMeshAttr());
  Tensor result(cast<RankedTensorType>(getResult().getType()));
  result[0] = indexInGroup(getAxes(), mesh, context.rank);
  return one(std::move(result));
}
