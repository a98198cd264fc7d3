//===- OpChoice.h - How one op is computed on the mesh ----------*- C++ -*-===//
#ifndef VESCALE_PASSES_PLAN_OPCHOICE_H
#define VESCALE_PASSES_PLAN_OPCHOICE_H

#include "dialects/Dist/Legality.h"

namespace vescale::dist {

/// What an op's sharding costs, compared field by field.
struct ChoiceCost {
  /// Bytes of parameters moved: weights stay where they are.
  int64_t parameterBytes = 0;
  /// Bytes of other values moved by one rank.
  int64_t bytes = 0;
  /// Less one for each way the op is split: more parallel is better.
  int64_t ranksUnused = 0;

  bool operator<(const ChoiceCost &other) const {
    return std::tie(parameterBytes, bytes, ranksUnused) <
           std::tie(other.parameterBytes, other.bytes, other.ranksUnused);
  }
};

/// The cheapest way to compute `op`, whose operands have layouts, so that its
/// results come close to the layout `wanted` for each. None if a result is
/// wanted partial over axes that nothing reduces.
std::optional<OpSharding> chooseSharding(ShardableOpInterface op,
                                         const ShardingRule &rule,
                                         llvm::ArrayRef<LayoutAttr> wanted,
                                         MeshAttr mesh,
                                         mlir::FlatSymbolRefAttr meshRef);

} // namespace vescale::dist

#endif // VESCALE_PASSES_PLAN_OPCHOICE_H
