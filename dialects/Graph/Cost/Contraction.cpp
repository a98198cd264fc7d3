//===- Contraction.cpp - Cost of dot, conv and pool -------------*- C++ -*-===//

#include "dialects/Graph/Cost/Cost.h"

using namespace mlir;
using namespace vescale;
using namespace vescale::graph;

/// A multiply-add for each result element and contracted position.
OpCost DotOp::getCost(TensorTypes operandTypes, TensorTypes resultTypes) {
  int64_t depth = 1;
  for (int64_t dim : getLhsContract())
    depth *= operandTypes[0].getDimSize(dim);
  return perResultElement(2 * depth, operandTypes, resultTypes);
}

/// A multiply-add for each result element, place in the window and input
/// channel of the group, which is what one output channel's weights count.
/// Padding is computed too.
OpCost ConvOp::getCost(TensorTypes operandTypes, TensorTypes resultTypes) {
  int64_t taps =
      ShapedType::getNumElements(operandTypes[1].getShape().drop_front());
  return perResultElement(2 * taps, operandTypes, resultTypes);
}

/// One operation for each result element and place in the window.
OpCost PoolOp::getCost(TensorTypes operandTypes, TensorTypes resultTypes) {
  return perResultElement(ShapedType::getNumElements(getWindow()), operandTypes,
                          resultTypes);
}

/// For each window and place in it: an addition; of a product, a product, too.
OpCost PoolGradOp::getCost(TensorTypes operandTypes, TensorTypes resultTypes) {
  int64_t taps = ShapedType::getNumElements(getWindow());
  int64_t perTap = getKind() == Reduction::Sum ? 1 : 2;
  return streamingCost(perTap * taps * operandTypes[1].getNumElements(),
                       operandTypes, resultTypes);
}

/// A comparison for each place in the window.
OpCost PoolPlaceOp::getCost(TensorTypes operandTypes, TensorTypes resultTypes) {
  return perResultElement(ShapedType::getNumElements(getWindow()), operandTypes,
                          resultTypes);
}

/// For each window that an element may lie in a comparison and an addition.
OpCost UnpoolOp::getCost(TensorTypes operandTypes, TensorTypes resultTypes) {
  int64_t taps = ShapedType::getNumElements(getWindow());
  return streamingCost(2 * taps * operandTypes[0].getNumElements(),
                       operandTypes, resultTypes);
}
