//===- FactorAxes.h - Layouts seen through a sharding rule ------*- C++ -*-===//
//
// Projects the layout of a tensor on the factors of an op's sharding rule and
// composes a layout from factors.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_DIALECTS_DIST_FACTORAXES_H
#define VESCALE_DIALECTS_DIST_FACTORAXES_H

#include "dialects/Dist/Dist.h"

namespace vescale::dist {

/// Axes, major to minor. Normal form: neighbouring sub-axes are merged.
using AxisList = llvm::SmallVector<AxisRefAttr, 2>;
/// The axes of each factor of a rule.
using FactorAxes = llvm::SmallVector<AxisList>;

/// The sub-axis of `axis` with the `size` that lies below `pre` of its ranks;
/// the whole axis where it is one.
AxisRefAttr subAxis(AxisRefAttr axis, int64_t pre, int64_t size, MeshAttr mesh);
/// Merges neighbouring sub-axes that make up a larger one.
AxisList normalize(llvm::ArrayRef<AxisRefAttr> axes, MeshAttr mesh);
/// The same axes by name and place, to compare sets of them.
AxisList sorted(llvm::ArrayRef<AxisRefAttr> axes);
/// `{"dp", "tp":(1)2}`, for messages.
std::string formatAxes(llvm::ArrayRef<AxisRefAttr> axes);
int64_t numShards(llvm::ArrayRef<AxisRefAttr> axes, MeshAttr mesh);
bool overlaps(llvm::ArrayRef<AxisRefAttr> axes, AxisRefAttr axis);
bool overlaps(llvm::ArrayRef<AxisRefAttr> a, llvm::ArrayRef<AxisRefAttr> b);
/// Whether both are of one axis and have no common pieces, as halves and thirds
/// of six ranks.
bool clash(AxisRefAttr a, AxisRefAttr b, MeshAttr mesh);
/// If `prefix` is the major part of `axes`, what follows it; sub-axes are split
/// where needed.
std::optional<AxisList> dropPrefix(llvm::ArrayRef<AxisRefAttr> axes,
                                   llvm::ArrayRef<AxisRefAttr> prefix,
                                   MeshAttr mesh);
/// The longest list that is a major part of both.
AxisList commonPrefix(llvm::ArrayRef<AxisRefAttr> a,
                      llvm::ArrayRef<AxisRefAttr> b, MeshAttr mesh);

/// Hands the axes of one dimension to its factors, major to minor. Where they
/// do not fit (a factor that needs to be whole, shards that do not divide),
/// stops there: `fits` becomes false and the axes before are handed out.
void projectDim(llvm::ArrayRef<AxisRefAttr> axes, const DimFactors &dim,
                const ShardingRule &rule, MeshAttr mesh, FactorAxes &result,
                bool &fits);

/// The axes of a dimension whose factors have these axes. A minor factor counts
/// only where all factors above it are sharded to size 1; `fits` becomes false
/// where one does not count.
AxisList composeDim(const DimFactors &dim, const FactorAxes &factors,
                    const ShardingRule &rule, MeshAttr mesh, bool &fits);

/// Whether the factor may be sharded over these axes.
bool isAllowed(const ShardingRule &rule, unsigned factor,
               llvm::ArrayRef<AxisRefAttr> axes, MeshAttr mesh);

/// The layout of a tensor from the axes of its factors, not partial.
LayoutAttr composeLayout(const TensorFactors &tensor, const FactorAxes &factors,
                         const ShardingRule &rule, MeshAttr mesh,
                         mlir::FlatSymbolRefAttr meshRef);

} // namespace vescale::dist

#endif // VESCALE_DIALECTS_DIST_FACTORAXES_H
