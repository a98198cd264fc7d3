// A weight that nothing reads has no users to share it.
// RUN: vescale-opt %s --dist-plan-pipeline=mesh=tp=2 | FileCheck %s

// CHECK: graph.parameter "unused" : tensor<4xf32, #
func.func @main(%x: tensor<8x4xf32> {graph.name = "x"}) -> (tensor<8x4xf32> {graph.name = "y"}) {
  %0 = graph.parameter "unused" : tensor<4xf32>
  %1 = graph.exp %x : tensor<8x4xf32> -> tensor<8x4xf32>
  return %1 : tensor<8x4xf32>
}
