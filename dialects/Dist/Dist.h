//===- Dist.h - The dist dialect --------------------------------*- C++ -*-===//
//
// The dialect's attributes, ops and interfaces; see Dist.td and DistOps.td.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_DIALECTS_DIST_DIST_H
#define VESCALE_DIALECTS_DIST_DIST_H

#include "dialects/Dist/ShardingRule.h"
#include "dialects/Interfaces/Cost.h"
#include "dialects/Interfaces/Evaluate.h"
#include "dialects/Interfaces/Lower.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Dist/DistEnums.h.inc"

#include "dialects/Dist/DistDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Dist/DistAttrs.h.inc"

namespace vescale::dist {

/// What partition() of an op may ask about its surroundings.
struct PartitionContext {
  MeshAttr mesh;
  mlir::FlatSymbolRefAttr meshRef;
  /// The global operand and result types, with layouts.
  llvm::SmallVector<mlir::RankedTensorType> operandTypes, resultTypes;

  AxesAttr operandAxes(unsigned operand, unsigned dim) const;
  AxesAttr resultAxes(unsigned result, unsigned dim) const;
};

} // namespace vescale::dist

#include "dialects/Dist/DistInterfaces.h.inc"

#define GET_OP_CLASSES
#include "dialects/Dist/DistOps.h.inc"

namespace vescale::dist {

/// The attribute with the SeedAttr of a value.
inline constexpr llvm::StringLiteral kSeedAttr = "dist.seed";
/// The attribute of an op with a layout of its first result in which it may be
/// computed, whatever its neighbours have: one more candidate to be priced.
inline constexpr llvm::StringLiteral kOfferAttr = "dist.offer";
/// The mark of an op that partial operands stay partial through, even if that
/// makes what is reduced later larger.
inline constexpr llvm::StringLiteral kKeepPartialAttr = "dist.keep_partial";
/// The attribute of a parameter with the axes over which it is stored sharded
/// beyond what computations on it need (ZeRO), or with the layout in which it
/// is.
inline constexpr llvm::StringLiteral kStorageAttr = "dist.storage";
/// The mark of a module whose results have the same bits in every layout.
inline constexpr llvm::StringLiteral kReproducibleAttr = "dist.reproducible";
/// The attribute of an op that adds up floats, in such a module: of how many
/// equal parts of its outermost summed dimension a sum is a balanced tree; a
/// power of two. Each part is added up by itself.
inline constexpr llvm::StringLiteral kLeavesAttr = "dist.leaves";
/// The module's attribute with what of a training step is stored sharded:
/// [ZeRO's stage, AxesAttr].
inline constexpr llvm::StringLiteral kZeroAttr = "dist.zero";
/// The module's attribute with the layouts that ops were asked for: a list of
/// [name of the model's node, LayoutAttr], with a third element, a unit, where
/// the layout was but offered.
inline constexpr llvm::StringLiteral kRecordedAttr = "dist.recorded";

/// The layout in the type's encoding, or null.
LayoutAttr getLayout(mlir::Type type);
/// The type with `layout` as its encoding; null drops it.
mlir::RankedTensorType withLayout(mlir::Type type, LayoutAttr layout);

/// The value of kLeavesAttr, 0 without.
int64_t getLeaves(mlir::Operation *op);
/// Whether the op lies in a module marked kReproducibleAttr.
bool isReproducible(mlir::Operation *op);
/// The op's rule, less what would change the order of sums in a reproducible
/// module: of a sum only whole leaves may be sharded, and no op works on
/// partial sums.
ShardingRule getRule(ShardableOpInterface op);

/// The mesh that the symbol names, seen from `op`; null if there is none.
MeshAttr lookupMesh(mlir::Operation *op, mlir::FlatSymbolRefAttr ref);

/// The length of a shard of `size` elements over `shards`: ceil(size / shards).
inline int64_t shardSize(int64_t size, int64_t shards) {
  return shards == 1 ? size : (size + shards - 1) / shards;
}
/// What one rank holds of a tensor of this type; no encoding.
mlir::RankedTensorType getLocalType(mlir::RankedTensorType type, MeshAttr mesh);

} // namespace vescale::dist

#endif // VESCALE_DIALECTS_DIST_DIST_H
