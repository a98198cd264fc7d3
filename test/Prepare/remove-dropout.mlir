// RUN: vescale-opt %s --graph-remove-dropout 2>&1 | FileCheck %s

// CHECK: warning: the model was exported in training mode; its 2 dropouts are off in a program that is not trained
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.*]]: tensor<1x2x4x8xf32>)
// CHECK-NEXT: %[[A:.*]] = graph.attention %[[X]], %[[X]], %[[X]] scale 1.000000e+00 :
// CHECK-NEXT: return %[[A]]
func.func @main(%x: tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32> {
  %0 = graph.dropout %x <rate = 0.1, seed = 0, site = 0> : tensor<1x2x4x8xf32> -> tensor<1x2x4x8xf32>
  %1 = graph.attention %0, %0, %0 scale 1.0 drop <rate = 0.2, seed = 0, site = 0>
    : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return %1 : tensor<1x2x4x8xf32>
}
