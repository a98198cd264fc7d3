// RUN: vescale-opt %s --split-input-file --mlir-print-local-scope --dist-propagate --dist-verify-layouts --dist-partition-pipeline -o /dev/null
// RUN: vescale-opt %s --split-input-file --mlir-print-local-scope --dist-propagate | FileCheck %s

// A dimension can be two factors, for each of which another tensor wants the
// same axis: here rows of pairs become rows of four. The dimension has the axis
// once.

dist.mesh @mesh <"tp"=2>
// CHECK-LABEL: func @regrouped
// CHECK-NOT: {"tp", "tp"}
func.func @regrouped(%x: tensor<8x2xf32> {dist.seed = #dist.seed<<@mesh, [{}, {"tp"}]>, 0, false, "the pairs">}) -> tensor<4x4xf32> {
  %0 = graph.reshape %x {dist.seed = #dist.seed<<@mesh, [{}, {"tp"}]>, 0, false, "the fours">} : tensor<8x2xf32> -> tensor<4x4xf32>
  %1 = graph.relu %0 : tensor<4x4xf32> -> tensor<4x4xf32>
  return %1 : tensor<4x4xf32>
}

// -----

// Channels in groups: the batch takes the groups, and wants the axis that the
// channels within a group are wanted on.

dist.mesh @mesh <"tp"=2>
// CHECK-LABEL: func @groups
// CHECK-NOT: {"tp", "tp"}
func.func @groups(%x: tensor<2x12x4xf32> {dist.seed = #dist.seed<<@mesh, [{}, {"tp"}, {}]>, 0, false, "channels">}) -> tensor<2x12x4xf32> {
  %0 = graph.reshape %x {dist.seed = #dist.seed<<@mesh, [{}, {"tp"}, {}]>, 0, false, "channels of a group">} : tensor<2x12x4xf32> -> tensor<4x6x4xf32>
  %1 = graph.relu %0 : tensor<4x6x4xf32> -> tensor<4x6x4xf32>
  %2 = graph.reshape %1 : tensor<4x6x4xf32> -> tensor<2x12x4xf32>
  return %2 : tensor<2x12x4xf32>
}
