//===- ParameterDims.h - A parameter's dimensions as stored -----*- C++ -*-===//
#ifndef VESCALE_PASSES_PLAN_PARAMETERDIMS_H
#define VESCALE_PASSES_PLAN_PARAMETERDIMS_H

#include "dialects/Graph/Graph.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

namespace vescale::dist {

/// For each dimension of the parameter's view the stored dimension that it
/// walks along, so that a plan's layout of a weight holds for its transposed
/// views too. A view that is no permutation of the stored dimensions has its
/// own.
inline llvm::SmallVector<int64_t> storedOrder(graph::ParameterOp op) {
  auto rank = op.getGlobalType().getRank();
  llvm::SmallVector<int64_t> identity =
      llvm::to_vector(llvm::seq<int64_t>(0, rank));
  llvm::SmallVector<int64_t> stored =
      mlir::computeStrides(op.getStoredType().getShape());
  if (static_cast<int64_t>(stored.size()) != rank)
    return identity;
  llvm::SmallVector<int64_t> order;
  for (int64_t stride : op.getStrides()) {
    auto *found = llvm::find(stored, stride);
    if (found == stored.end() ||
        llvm::is_contained(order, found - stored.begin()))
      return identity;
    order.push_back(found - stored.begin());
  }
  return order;
}

} // namespace vescale::dist

#endif // VESCALE_PASSES_PLAN_PARAMETERDIMS_H
