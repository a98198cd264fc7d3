// RUN: vescale-opt --graph-raise-attention %s | FileCheck %s

// Dropout between the weights and the values is attention's own.
// CHECK-LABEL: func @dropout
// CHECK: graph.attention %arg0, %arg1, %arg2 scale 1.000000e+00 drop <rate = 1.000000e-01 : f64, seed = 0, site = 0> :
// CHECK-NEXT: return
func.func @dropout(%q: tensor<2x3x4x6xf32>, %k: tensor<2x3x5x6xf32>, %v: tensor<2x3x5x7xf32>) -> tensor<2x3x4x7xf32> {
  %0 = graph.dot %q, %k batch [0, 1] x [0, 1] contract [3] x [3] : (tensor<2x3x4x6xf32>, tensor<2x3x5x6xf32>) -> tensor<2x3x4x5xf32>
  %1 = graph.softmax %0 dim 3 : tensor<2x3x4x5xf32> -> tensor<2x3x4x5xf32>
  %2 = graph.dropout %1 <rate = 0.1, seed = 0, site = 0> : tensor<2x3x4x5xf32> -> tensor<2x3x4x5xf32>
  %3 = graph.dot %2, %v batch [0, 1] x [0, 1] contract [3] x [2] : (tensor<2x3x4x5xf32>, tensor<2x3x5x7xf32>) -> tensor<2x3x4x7xf32>
  return %3 : tensor<2x3x4x7xf32>
}
