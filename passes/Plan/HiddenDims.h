//===- HiddenDims.h - Dimensions between two weights ------------*- C++ -*-===//
#ifndef VESCALE_PASSES_PLAN_HIDDENDIMS_H
#define VESCALE_PASSES_PLAN_HIDDENDIMS_H

#include "dialects/Graph/Graph.h"

namespace vescale::dist {

/// A dimension that products with weights make and a product with a weight
/// contracts, with nothing between that needs it whole: the hidden dimension of
/// an MLP. Sharding it costs one reduction of the second product's result.
struct HiddenDim {
  /// Left operand of the second product, and the dimension in it.
  mlir::Value value;
  int64_t dim;
  /// The products that make it.
  llvm::SmallVector<graph::DotOp, 2> producers;
  graph::DotOp consumer;
};

/// All hidden dimensions of the block, in order, such that no product is the
/// consumer of one and a producer of another.
llvm::SmallVector<HiddenDim> findHiddenDims(mlir::Block &block);

} // namespace vescale::dist

#endif // VESCALE_PASSES_PLAN_HIDDENDIMS_H
