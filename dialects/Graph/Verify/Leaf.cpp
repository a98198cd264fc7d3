//===- Leaf.cpp - Verification of parameters and constants ------*- C++ -*-===//

#include "dialects/Graph/Verify/Verify.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

LogicalResult ParameterOp::verify() {
  if (getName().empty())
    return emitOpError("needs a name");
  if (getViewOffset().has_value() != getViewStrides().has_value())
    return emitOpError("a view needs an offset and strides");
  if (getGlobal() && !isa<RankedTensorType>(*getGlobal()))
    return emitOpError("global must be a ranked tensor type");
  RankedTensorType view = getGlobalType(), stored = getStoredType();
  if (view.getElementType() != stored.getElementType())
    return emitOpError("is a view of ")
           << view.getElementType() << " on stored " << stored.getElementType();
  if (SourceAttr source = getSourceAttr()) {
    int64_t bytes = stored.getNumElements() *
                    llvm::divideCeil(stored.getElementTypeBitWidth(), 8);
    if (source.getBytes() != bytes)
      return emitOpError("source has ") << source.getBytes() << " bytes, but "
                                        << stored << " needs " << bytes;
    if (source.getOffset() < 0)
      return emitOpError("source offset is negative");
  }
  if (ElementsAttr init = getInitAttr()) {
    if (getSource())
      return emitOpError("has both a source and a number to begin with");
    if (!init.isSplat())
      return emitOpError("begins with different numbers: ") << init;
  }
  if (AuthorAttr author = getAuthorAttr();
      author && !author.getPermutation().empty() &&
      int64_t(author.getPermutation().size()) != stored.getRank())
    return emitOpError("is named with a permutation of ")
           << author.getPermutation().size() << " dimensions, but is stored as "
           << stored;
  if (!getViewStrides()) {
    if (view.getShape() != stored.getShape())
      return emitOpError("is ")
             << formatShape(view.getShape()) << ", but is stored as "
             << formatShape(stored.getShape());
    return success();
  }
  if (failed(verifyCount(*this, "view strides", *getViewStrides(),
                         view.getRank())) ||
      failed(verifyAtLeast(*this, "view strides", *getViewStrides(), 0)))
    return failure();
  int64_t last = getOffset();
  for (auto [size, stride] : llvm::zip_equal(view.getShape(), getStrides())) {
    if (size == 0)
      return success();
    last += (size - 1) * stride;
  }
  if (getOffset() < 0 || last >= stored.getNumElements())
    return emitOpError("view reaches stored element ")
           << last << " of " << stored.getNumElements();
  return success();
}

RankedTensorType ParameterOp::getGlobalType() {
  if (std::optional<Type> global = getGlobal())
    return cast<RankedTensorType>(*global);
  return typeOf(getResult());
}

RankedTensorType ParameterOp::getStoredType() {
  if (SourceAttr source = getSourceAttr())
    return source.getType();
  if (ElementsAttr init = getInitAttr())
    return cast<RankedTensorType>(init.getType());
  return dist::withLayout(getGlobalType(), {});
}

SmallVector<int64_t> ParameterOp::getStrides() {
  if (std::optional<ArrayRef<int64_t>> strides = getViewStrides())
    return SmallVector<int64_t>(*strides);
  return computeStrides(getGlobalType().getShape());
}

ParameterOp UpdateOp::getParameterOp() {
  return getParameter().getDefiningOp<ParameterOp>();
}

LogicalResult UpdateOp::verify() {
  ParameterOp parameter = getParameterOp();
  if (!parameter)
    return emitOpError("must update the result of a graph.parameter");
  if (shapeOf(getParameter()) != shapeOf(getValue()) ||
      failed(verifySameElementType(*this, {getParameter(), getValue()})))
    return emitOpError("gives \"")
           << parameter.getName() << "\", which is " << getParameter().getType()
           << ", a value of " << getValue().getType();
  for (Operation *user : getParameter().getUsers())
    if (auto other = dyn_cast<UpdateOp>(user))
      if (other != *this && other.getParameter() == getParameter())
        return emitOpError("is a second update of \"")
               << parameter.getName() << '"';
  return success();
}

LogicalResult ConstantOp::verify() {
  auto value = cast<ShapedType>(getValue().getType());
  if (value.getElementType() != typeOf(getResult()).getElementType())
    return emitOpError("has a value of ")
           << value << " but the type " << getResult().getType();
  return verifyResultShape(*this, value.getShape());
}

LogicalResult IotaOp::verify() {
  return verifyDim(*this, "dim", getDim(), rankOf(getResult()));
}
