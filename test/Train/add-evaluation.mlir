// RUN: vescale-opt %s --train-add-evaluation | FileCheck %s

// The step stays as it is; the copy says with its names what it is.
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%{{.*}}: tensor<4xf32> {graph.name = "x"})
// CHECK-SAME: -> (tensor<f32> {graph.name = "loss_sum"}, tensor<f32> {graph.name = "loss_count"})
// CHECK-LABEL: func.func @eval
// CHECK-SAME: (%[[X:.*]]: tensor<4xf32> {graph.name = "x"})
// CHECK-SAME: -> (tensor<f32> {graph.name = "eval_loss_sum"}, tensor<f32> {graph.name = "eval_loss_count"})
// CHECK: %[[W:.*]] = graph.parameter "w"
// CHECK: %[[P:.*]] = graph.mul %[[X]], %[[W]]
// CHECK: %[[SUM:.*]] = graph.reduce sum %[[P]] dims [0]
// CHECK: %[[COUNT:.*]] = graph.constant dense<4.000000e+00>
// CHECK: return %[[SUM]], %[[COUNT]]
func.func @main(%x: tensor<4xf32> {graph.name = "x"}) -> (tensor<f32> {graph.name = "loss_sum"}, tensor<f32> {graph.name = "loss_count"}) {
  %w = graph.parameter "w" source <"m", 0, 16, tensor<4xf32>> named : tensor<4xf32>
  %0 = graph.mul %x, %w : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = graph.reduce sum %0 dims [0] : tensor<4xf32> -> tensor<f32>
  %2 = graph.constant dense<4.0> : tensor<f32> -> tensor<f32>
  return %1, %2 : tensor<f32>, tensor<f32>
}
