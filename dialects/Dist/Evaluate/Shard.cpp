//===- Shard.cpp - From global tensors to ranks and back --------*- C++ -*-===//

#include "dialects/Dist/Evaluate/Shard.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::dist;

int64_t dist::indexInGroup(AxesAttr axes, MeshAttr mesh, int64_t rank) {
  int64_t index = 0;
  for (AxisRefAttr axis : axes) {
    int64_t size = axis.getSize(mesh);
    index = index * size + rank / axis.getStride(mesh) % size;
  }
  return index;
}

int64_t dist::groupMember(AxesAttr axes, MeshAttr mesh, int64_t rank,
                          int64_t index) {
  for (AxisRefAttr axis : llvm::reverse(axes.getAxes())) {
    int64_t size = axis.getSize(mesh), stride = axis.getStride(mesh);
    int64_t own = rank / stride % size;
    rank += (index % size - own) * stride;
    index /= size;
  }
  return rank;
}

Element dist::combine(ReductionKind kind, const Elements &e, Element x,
                      Element y) {
  switch (kind) {
  case ReductionKind::Sum:
    return e.add(x, y);
  case ReductionKind::Max:
    return e.max(x, y);
  case ReductionKind::Min:
    return e.min(x, y);
  }
  llvm_unreachable("all kinds are listed");
}

namespace {
/// Where a rank's shard lies in the global tensor.
struct Box {
  SmallVector<int64_t> start, shape;

  Box(ArrayRef<int64_t> global, LayoutAttr layout, MeshAttr mesh,
      int64_t rank) {
    for (auto [size, axes] : llvm::zip_equal(global, layout.getDims())) {
      shape.push_back(shardSize(size, axes.getNumShards(mesh)));
      start.push_back(indexInGroup(axes, mesh, rank) * shape.back());
    }
  }

  /// Calls `body` with the local offset and the global index of each element,
  /// which is null for padding.
  template <typename Body>
  void forEach(ArrayRef<int64_t> global, Body body) const {
    SmallVector<int64_t> index(global.size());
    forEachIndex(shape, [&](ArrayRef<int64_t> local, int64_t offset) {
      bool inside = true;
      for (size_t dim = 0; dim < local.size(); ++dim) {
        index[dim] = start[dim] + local[dim];
        inside &= index[dim] < global[dim];
      }
      body(offset, inside ? &index : nullptr);
    });
  }
};
} // namespace

Tensor dist::shard(const Tensor &global, LayoutAttr layout, MeshAttr mesh,
                   int64_t rank, EvaluateContext &context) {
  Elements e = context.elements(global.getElementType());
  Box box(global.getShape(), layout, mesh, rank);
  Tensor local(box.shape, global.getElementType());
  box.forEach(global.getShape(), [&](int64_t offset,
                                     const SmallVector<int64_t> *index) {
    local[offset] = index ? global.at(*index) : e.poison(context.poison);
  });
  return local;
}

/// One tensor for each place in the partial group, whose reduction is `global`.
static std::vector<Tensor> splitPartial(const Tensor &global,
                                        ReductionKind kind, int64_t parts,
                                        EvaluateContext &context) {
  Elements e = context.elements(global.getElementType());
  std::vector<Tensor> split(parts, global);
  for (int64_t i = 0; i < global.getNumElements(); ++i) {
    // One part, chosen at random, makes up for what the others are not.
    int64_t rest = context.poison() % parts;
    for (int64_t part = 0; part < parts; ++part) {
      if (part == rest)
        continue;
      Element value = e.random(context.poison);
      if (kind == ReductionKind::Sum)
        split[rest][i] = e.sub(split[rest][i], value);
      else
        value = kind == ReductionKind::Max ? e.min(value, global[i])
                                           : e.max(value, global[i]);
      split[part][i] = value;
    }
  }
  return split;
}

std::vector<Tensor> dist::shardOnRanks(const Tensor &global, LayoutAttr layout,
                                       MeshAttr mesh,
                                       EvaluateContext &context) {
  int64_t parts = layout.getPartial().getNumShards(mesh);
  std::vector<Tensor> split =
      splitPartial(global, layout.getPartialKind(), parts, context);
  std::vector<Tensor> locals;
  for (int64_t rank = 0; rank < mesh.getNumRanks(); ++rank) {
    int64_t part = indexInGroup(layout.getPartial(), mesh, rank);
    locals.push_back(shard(split[part], layout, mesh, rank, context));
  }
  return locals;
}

FailureOr<Tensor>
dist::unshard(ArrayRef<Tensor> locals, ArrayRef<int64_t> shape,
              LayoutAttr layout, MeshAttr mesh, const Arithmetic &arithmetic,
              llvm::function_ref<InFlightDiagnostic()> emitError) {
  Type elementType = locals.front().getElementType();
  Elements e(arithmetic, elementType);
  int64_t parts = layout.getPartial().getNumShards(mesh);
  // What each place in the partial group contributes, and which rank said so.
  std::vector<Tensor> split(parts, Tensor(shape, elementType));
  std::vector<std::vector<int64_t>> writer(
      parts, std::vector<int64_t>(split.front().getNumElements(), -1));
  for (int64_t rank = 0; rank < mesh.getNumRanks(); ++rank) {
    int64_t part = indexInGroup(layout.getPartial(), mesh, rank);
    Box box(shape, layout, mesh, rank);
    if (locals[rank].getShape() != ArrayRef<int64_t>(box.shape))
      return emitError() << "rank " << rank
                         << " holds a shard of another shape than " << layout
                         << " says";
    int64_t differs = -1;
    box.forEach(shape, [&](int64_t offset, const SmallVector<int64_t> *index) {
      if (!index)
        return;
      int64_t to = split[part].offset(*index);
      int64_t &who = writer[part][to];
      if (who >= 0 && split[part][to] != locals[rank][offset])
        differs = differs < 0 ? to : differs;
      else
        split[part][to] = locals[rank][offset];
      if (who < 0)
        who = rank;
    });
    if (differs >= 0)
      return emitError() << "ranks " << writer[part][differs] << " and " << rank
                         << " should both hold element " << differs
                         << ", but hold different values";
  }
  Tensor global = std::move(split.front());
  for (int64_t part = 1; part < parts; ++part)
    for (int64_t i = 0; i < global.getNumElements(); ++i)
      global[i] = e.round(
          combine(layout.getPartialKind(), e, global[i], split[part][i]));
  return global;
}
