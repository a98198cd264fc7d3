//===- DistInterfaces.td - What ops tell the partitioner -------*- tablegen -*-===//
//
// The interface by which an op of any dialect states how it may be sharded and
// how it becomes a local op, and the one by which collectives are told apart.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_DIALECTS_DIST_INTERFACES
#define VESCALE_DIALECTS_DIST_INTERFACES

include "mlir/IR/OpBase.td"

def ShardableOpInterface : OpInterface<"ShardableOpInterface"> {
  let cppNamespace = "::vescale::dist";
  let description = [{
    An op that can be laid out over a mesh. Its rule names the factors that the
    dimensions of its operands and results share; see ShardingRule.h.
  }];
  let methods = [
    InterfaceMethod<"The op's sharding rule, from its global shapes.",
      "::vescale::dist::ShardingRule", "getShardingRule", (ins)>,
    InterfaceMethod<[{
      Builds the op on the shards of one rank. `operands` are local tensors
      whose padding is already masked where a reduction would see it, and
      `resultTypes` the local result types. The layouts have been verified
      against the rule. Attributes that hold sizes or positions are rewritten
      here. Failure comes with a diagnostic at the op.
    }],
      "::llvm::FailureOr<::llvm::SmallVector<::mlir::Value>>", "partition",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$operands,
           "::llvm::ArrayRef<::mlir::RankedTensorType>":$resultTypes,
           "const ::vescale::dist::PartitionContext &":$context)>,
  ];
}

def CollectiveOpInterface : OpInterface<"CollectiveOpInterface"> {
  let cppNamespace = "::vescale::dist";
  let description = [{
    A communication between the ranks of each group that the axes span: one
    tensor in, one tensor out on every rank, both local.
  }];
  let methods = [
    InterfaceMethod<"The mesh's symbol.", "::mlir::FlatSymbolRefAttr",
      "getMeshRef", (ins)>,
    InterfaceMethod<"The axes that span the groups, major to minor.",
      "::vescale::dist::AxesAttr", "getGroupAxes", (ins)>,
    InterfaceMethod<[{
      The bytes that one rank sends in a bandwidth-optimal algorithm: for a
      group of k ranks 2(k-1)/k of the tensor for an all-reduce, (k-1)/k for
      the others (Thakur et al., Optimization of Collective Communication
      Operations in MPICH, 2005).
    }],
      "int64_t", "getSentBytes", (ins)>,
  ];
}

#endif // VESCALE_DIALECTS_DIST_INTERFACES
