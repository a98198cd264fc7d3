//===- DimGroups.h - Which dimensions a reshape splits and merges ---------===//
#ifndef VESCALE_DIALECTS_GRAPH_FOLD_DIMGROUPS_H
#define VESCALE_DIALECTS_GRAPH_FOLD_DIMGROUPS_H

#include "mlir/Support/LLVM.h"
#include <optional>

namespace vescale::graph {

/// Dimensions [fromBegin, fromEnd) of one shape hold the same elements as
/// [toBegin, toEnd) of another. One of the ranges may be empty where the other
/// has a dimension of size 1.
struct DimGroup {
  int64_t fromBegin, fromEnd, toBegin, toEnd;

  int64_t fromSize() const { return fromEnd - fromBegin; }
  int64_t toSize() const { return toEnd - toBegin; }
  /// One dimension on each side, of the same size.
  bool isOneToOne() const { return fromSize() == 1 && toSize() == 1; }
};

/// The finest groups by which a reshape between the shapes can be described, in
/// order; nullopt for shapes without elements or with different numbers of
/// them.
std::optional<llvm::SmallVector<DimGroup>>
groupDims(llvm::ArrayRef<int64_t> from, llvm::ArrayRef<int64_t> to);

} // namespace vescale::graph

#endif // VESCALE_DIALECTS_GRAPH_FOLD_DIMGROUPS_H
