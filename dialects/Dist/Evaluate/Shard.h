//===- Shard.h - From global tensors to ranks and back ----------*- C++ -*-===//
//
// What a layout means, element by element: the definition that the interpreter
// and the tests of partitioned programs rest on.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_DIALECTS_DIST_EVALUATE_SHARD_H
#define VESCALE_DIALECTS_DIST_EVALUATE_SHARD_H

#include "dialects/Dist/Dist.h"

namespace vescale::dist {

/// The rank's place in the group that the axes span.
int64_t indexInGroup(AxesAttr axes, MeshAttr mesh, int64_t rank);
/// The rank at place `index` of the group that the axes span around `rank`.
int64_t groupMember(AxesAttr axes, MeshAttr mesh, int64_t rank, int64_t index);

/// What `rank` holds of a tensor that is not partial. Padding is poison.
Tensor shard(const Tensor &global, LayoutAttr layout, MeshAttr mesh,
             int64_t rank, EvaluateContext &context);

/// What every rank holds. A partial value is split at random.
std::vector<Tensor> shardOnRanks(const Tensor &global, LayoutAttr layout,
                                 MeshAttr mesh, EvaluateContext &context);

/// The global tensor of `shape` that the ranks hold in this layout: partial
/// values are reduced and padding is dropped. Failure, with a message, where
/// ranks that should hold the same element do not.
llvm::FailureOr<Tensor>
unshard(llvm::ArrayRef<Tensor> locals, llvm::ArrayRef<int64_t> shape,
        LayoutAttr layout, MeshAttr mesh, const Arithmetic &arithmetic,
        llvm::function_ref<mlir::InFlightDiagnostic()> emitError);

/// The reduction of two elements.
Element combine(ReductionKind kind, const Elements &e, Element x, Element y);

} // namespace vescale::dist

#endif // VESCALE_DIALECTS_DIST_EVALUATE_SHARD_H
