//===- Legality.h - Which layouts an op accepts -----------------*- C++ -*-===//
//
// What an op's results look like when its factors are sharded, and whether an
// op with layouts in its types keeps its sharding rule.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_DIALECTS_DIST_LEGALITY_H
#define VESCALE_DIALECTS_DIST_LEGALITY_H

#include "dialects/Dist/FactorAxes.h"

namespace vescale::dist {

/// One way of computing an op on a mesh.
struct OpSharding {
  FactorAxes factors;
  /// The operands that stay partial, increasing, over `partial`.
  llvm::SmallVector<unsigned, 2> partialOperands;
  ReductionKind partialKind = ReductionKind(0);
  AxisList partial;
};

/// The layout that operand `index` must have.
LayoutAttr operandLayout(const ShardingRule &rule, const OpSharding &sharding,
                         unsigned index, MeshAttr mesh,
                         mlir::FlatSymbolRefAttr meshRef);
/// The layout that result `index` then has; null where no layout says it: the
/// reductions are of different kinds.
LayoutAttr resultLayout(const ShardingRule &rule, const OpSharding &sharding,
                        unsigned index, MeshAttr mesh,
                        mlir::FlatSymbolRefAttr meshRef);

/// The mesh that the types of the op's values name; null if none has a layout.
mlir::FlatSymbolRefAttr getMeshRef(mlir::Operation *op);

/// Checks an op with layouts on all operands and results against its rule.
mlir::LogicalResult verifyLayouts(ShardableOpInterface op);

} // namespace vescale::dist

#endif // VESCALE_DIALECTS_DIST_LEGALITY_H
