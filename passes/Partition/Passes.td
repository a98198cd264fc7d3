//===- Passes.td - From layouts to local programs --------------*- tablegen -*-===//
#ifndef VESCALE_PASSES_PARTITION_PASSES
#define VESCALE_PASSES_PARTITION_PASSES

include "mlir/Pass/PassBase.td"

def PartitionPass : Pass<"dist-partition", "::mlir::ModuleOp"> {
  let summary = "Turns layouts into local tensors and collectives";
  let description = [{
    Input: functions in which every value has a layout, every op keeps its
    sharding rule and every change of layout is a `dist.reshard`
    (`dist-verify-layouts` has passed). Output: the program of one rank, the
    same text for all: types are local and carry no layout, ops work on shards,
    and each reshard is the cheapest sequence of collectives. Arguments and
    results keep their global type with its layout as `graph.global`.

    Where a dimension does not divide, the last shards have padding, whose
    content is undefined; before an op that reduces over it the padding is set
    to the reduction's neutral element.

    test/Partition/partition.mlir shows an input and its output.
  }];
  let dependentDialects = ["::vescale::dist::DistDialect",
                           "::vescale::graph::GraphDialect"];
  let statistics = [
    Statistic<"collectives", "collectives", "collectives inserted">,
    Statistic<"sentBytes", "sent-bytes", "bytes that each rank sends">
  ];
}

def VerifyPartitionedPass
    : Pass<"dist-verify-partitioned", "::mlir::ModuleOp"> {
  let summary = "Checks that a program is local";
  let description = [{
    Closes the partition phase: no type has a layout and no `dist.reshard` is
    left. Names the pass that should have removed what it finds.
  }];
}

#endif // VESCALE_PASSES_PARTITION_PASSES
