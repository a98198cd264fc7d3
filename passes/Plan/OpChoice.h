//===- OpChoice.h - How one op is computed on the mesh ----------*- C++ -*-===//
#ifndef VESCALE_PASSES_PLAN_OPCHOICE_H
#define VESCALE_PASSES_PLAN_OPCHOICE_H

#include "dialects/Dist/Legality.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace vescale::dist {

/// What an op's sharding costs, compared field by field.
struct ChoiceCost {
  /// Bytes of parameters moved: weights stay where they are.
  int64_t parameterBytes = 0;
  /// Of a parameter's gradient, less one for each way the op is split: each
  /// rank works on its part of the batch, and the sums are made afterwards.
  int64_t gradientRanksUnused = 0;
  /// Bytes of other values moved by one rank.
  int64_t bytes = 0;
  /// Less one for each way the op is split: more parallel is better.
  int64_t ranksUnused = 0;

  bool operator<(const ChoiceCost &other) const {
    auto key = [](const ChoiceCost &cost) {
      return std::tie(cost.parameterBytes, cost.gradientRanksUnused, cost.bytes,
                      cost.ranksUnused);
    };
    return key(*this) < key(other);
  }
};

/// Whether a value has been resharded to a layout for another use.
using IsMade = llvm::function_ref<bool(mlir::Value, LayoutAttr)>;

/// The cheapest way to compute `op`, whose operands have layouts, so that its
/// results come close to the layout `wanted` for each; what `isMade` says has
/// that layout elsewhere already costs nothing. None if a result is wanted
/// partial over axes that nothing reduces.
std::optional<OpSharding>
chooseSharding(ShardableOpInterface op, const ShardingRule &rule,
               llvm::ArrayRef<LayoutAttr> wanted, MeshAttr mesh,
               mlir::FlatSymbolRefAttr meshRef, IsMade isMade);

} // namespace vescale::dist

#endif // VESCALE_PASSES_PLAN_OPCHOICE_H
