//===- Layout.cpp - What layouts mean on a mesh -----------------*- C++ -*-===//
//
// Sizes, strides and overlaps of axes, and the local type of a layout.
//
//===----------------------------------------------------------------------===//
#include "dialects/Dist/Dist.h"
#include <algorithm>

using namespace mlir;
using namespace vescale::dist;

int64_t MeshAttr::getNumRanks() const {
  int64_t ranks = 1;
  for (MeshAxisAttr axis : getAxes())
    ranks *= axis.getSize();
  return ranks;
}

int64_t MeshAttr::getAxisSize(StringRef name) const {
  for (MeshAxisAttr axis : getAxes())
    if (axis.getName() == name)
      return axis.getSize();
  return 0;
}

int64_t MeshAttr::getAxisStride(StringRef name) const {
  int64_t stride = 1;
  for (MeshAxisAttr axis : llvm::reverse(getAxes())) {
    if (axis.getName() == name)
      return stride;
    stride *= axis.getSize();
  }
  return 0;
}

bool AxisRefAttr::overlaps(AxisRefAttr other) const {
  if (getName() != other.getName())
    return false;
  if (isWhole() || other.isWhole())
    return true;
  // Both are ranges [pre, pre * size) of the axis's digits. The second begins
  // where digits end that include the first's: halves of six ranks and the
  // pairs within its thirds are no digits of one number.
  auto [low, high] = std::minmax(getPreSize(), other.getPreSize());
  int64_t lowSize = low == getPreSize() ? getSubSize() : other.getSubSize();
  return low == high || high % (low * lowSize) != 0;
}

int64_t AxisRefAttr::getSize(MeshAttr mesh) const {
  return isWhole() ? mesh.getAxisSize(getName()) : getSubSize();
}

int64_t AxisRefAttr::getStride(MeshAttr mesh) const {
  int64_t stride = mesh.getAxisStride(getName());
  if (isWhole())
    return stride;
  return stride * (mesh.getAxisSize(getName()) / (getPreSize() * getSubSize()));
}

int64_t AxesAttr::getNumShards(MeshAttr mesh) const {
  int64_t shards = 1;
  for (AxisRefAttr axis : getAxes())
    shards *= axis.getSize(mesh);
  return shards;
}

LayoutAttr LayoutAttr::getReplicated(FlatSymbolRefAttr mesh, int64_t rank) {
  auto none = AxesAttr::get(mesh.getContext(), {});
  return LayoutAttr::get(mesh, SmallVector<AxesAttr>(rank, none));
}

bool LayoutAttr::isReplicated() const {
  return !isPartial() &&
         llvm::all_of(getDims(), [](AxesAttr axes) { return axes.empty(); });
}

LayoutAttr LayoutAttr::withDims(ArrayRef<AxesAttr> dims) const {
  return get(getContext(), getMesh(), dims, getPartialKind(), getPartial());
}

LayoutAttr LayoutAttr::withDim(int64_t dim, AxesAttr axes) const {
  SmallVector<AxesAttr> dims(getDims());
  dims[dim] = axes;
  return withDims(dims);
}

LayoutAttr LayoutAttr::withPartial(ReductionKind kind, AxesAttr axes) const {
  return get(getContext(), getMesh(), getDims(),
             axes.empty() ? ReductionKind::Sum : kind, axes);
}

LayoutAttr LayoutAttr::withoutPartial() const {
  return withPartial(ReductionKind::Sum, AxesAttr::get(getContext(), {}));
}

bool LayoutAttr::uses(AxisRefAttr axis) const {
  auto overlap = [&](AxisRefAttr other) { return axis.overlaps(other); };
  return llvm::any_of(getPartial(), overlap) ||
         llvm::any_of(getDims(), [&](AxesAttr axes) {
           return llvm::any_of(axes, overlap);
         });
}

AxesAttr PartitionContext::operandAxes(unsigned operand, unsigned dim) const {
  return getLayout(operandTypes[operand]).getDims()[dim];
}

AxesAttr PartitionContext::resultAxes(unsigned result, unsigned dim) const {
  return getLayout(resultTypes[result]).getDims()[dim];
}

LayoutAttr vescale::dist::getLayout(Type type) {
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    return dyn_cast_or_null<LayoutAttr>(tensor.getEncoding());
  return {};
}

RankedTensorType vescale::dist::withLayout(Type type, LayoutAttr layout) {
  auto tensor = cast<RankedTensorType>(type);
  return RankedTensorType::get(tensor.getShape(), tensor.getElementType(),
                               layout);
}

MeshAttr vescale::dist::lookupMesh(Operation *op, FlatSymbolRefAttr ref) {
  auto mesh = SymbolTable::lookupNearestSymbolFrom<MeshOp>(op, ref);
  return mesh ? mesh.getAxes() : MeshAttr();
}

RankedTensorType vescale::dist::getLocalType(RankedTensorType type,
                                             MeshAttr mesh) {
  LayoutAttr layout = getLayout(type);
  SmallVector<int64_t> shape(type.getShape());
  if (layout)
    for (auto [size, axes] : llvm::zip_equal(shape, layout.getDims()))
      size = shardSize(size, axes.getNumShards(mesh));
  return RankedTensorType::get(shape, type.getElementType());
}
