//===- Shape.cpp - Folding of ops that move elements ------------*- C++ -*-===//
//
// Identities fold only where operand and result type are equal, layout
// included: otherwise folding would hide a reshard.
//
//===----------------------------------------------------------------------===//
#include "dialects/Graph/Graph.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

/// A splat of the result's type if the operand is a splat.
static OpFoldResult foldSplat(Attribute operand, Value result) {
  auto splat = dyn_cast_or_null<SplatElementsAttr>(operand);
  if (!splat || typeOf(result).getEncoding())
    return {};
  return splat.resizeSplat(typeOf(result));
}

OpFoldResult BroadcastOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getResult().getType())
    return getInput();
  return foldSplat(adaptor.getInput(), getResult());
}

OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getResult().getType())
    return getInput();
  if (auto dense = dyn_cast_or_null<DenseElementsAttr>(adaptor.getInput()))
    if (!typeOf(getResult()).getEncoding())
      return dense.reshape(typeOf(getResult()));
  return {};
}

OpFoldResult TransposeOp::fold(FoldAdaptor adaptor) {
  if (isIdentityPermutation(getPermutation()) &&
      getInput().getType() == getResult().getType())
    return getInput();
  return foldSplat(adaptor.getInput(), getResult());
}

OpFoldResult SliceOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getResult().getType())
    return getInput();
  return foldSplat(adaptor.getInput(), getResult());
}

OpFoldResult ConcatOp::fold(FoldAdaptor) {
  if (getInputs().size() == 1 &&
      getInputs().front().getType() == getResult().getType())
    return getInputs().front();
  return {};
}

OpFoldResult ReverseOp::fold(FoldAdaptor adaptor) {
  if (shapeOf(getInput())[getDim()] == 1 && getInput().getType() == getType())
    return getInput();
  return foldSplat(adaptor.getInput(), getResult());
}

OpFoldResult PadOp::fold(FoldAdaptor) {
  auto isZero = [](int64_t count) { return count == 0; };
  if (llvm::all_of(getLow(), isZero) && llvm::all_of(getHigh(), isZero) &&
      getInput().getType() == getType())
    return getInput();
  return {};
}
