//===- DimGroups.cpp - Which dimensions a reshape splits and merges -------===//

#include "dialects/Graph/Fold/DimGroups.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace vescale::graph;

std::optional<SmallVector<DimGroup>>
vescale::graph::groupDims(ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  if (llvm::is_contained(from, 0) || llvm::is_contained(to, 0))
    return std::nullopt;
  SmallVector<DimGroup> groups;
  int64_t i = 0, j = 0, fromRank = from.size(), toRank = to.size();
  while (i < fromRank || j < toRank) {
    bool fromUnit = i < fromRank && from[i] == 1;
    bool toUnit = j < toRank && to[j] == 1;
    DimGroup group{i, i, j, j};
    if (fromUnit || toUnit) {
      group.fromEnd = i += fromUnit;
      group.toEnd = j += toUnit;
      groups.push_back(group);
      continue;
    }
    if (i == fromRank || j == toRank)
      return std::nullopt;
    int64_t fromCount = from[i++], toCount = to[j++];
    while (fromCount != toCount) {
      if (fromCount < toCount && i < fromRank)
        fromCount *= from[i++];
      else if (toCount < fromCount && j < toRank)
        toCount *= to[j++];
      else
        return std::nullopt;
    }
    group.fromEnd = i;
    group.toEnd = j;
    groups.push_back(group);
  }
  return groups;
}
