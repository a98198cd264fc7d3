// RUN: vescale-opt --graph-raise-softmax %s | FileCheck %s
// RUN: %python %S/check_equal.py %s --graph-raise-softmax

// CHECK-LABEL: func @quotient
// CHECK: graph.softmax %arg0 dim 1
// CHECK-NEXT: return
func.func @quotient(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %0 = graph.exp %x : tensor<2x4xf32> -> tensor<2x4xf32>
  %1 = graph.reduce sum %0 dims [1] : tensor<2x4xf32> -> tensor<2xf32>
  %2 = graph.broadcast %1 dims [0] : tensor<2xf32> -> tensor<2x4xf32>
  %3 = graph.div %0, %2 : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %3 : tensor<2x4xf32>
}

// The maximum is subtracted first, and the reciprocal multiplied with.
// CHECK-LABEL: func @shifted
// CHECK: graph.softmax %arg0 dim 0
// CHECK-NEXT: return
func.func @shifted(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %m = graph.reduce max %x dims [0] : tensor<2x4xf32> -> tensor<4xf32>
  %b = graph.broadcast %m dims [1] : tensor<4xf32> -> tensor<2x4xf32>
  %s = graph.sub %x, %b : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %0 = graph.exp %s : tensor<2x4xf32> -> tensor<2x4xf32>
  %1 = graph.reduce sum %0 dims [0] : tensor<2x4xf32> -> tensor<4xf32>
  %2 = graph.reciprocal %1 : tensor<4xf32> -> tensor<4xf32>
  %3 = graph.broadcast %2 dims [1] : tensor<4xf32> -> tensor<2x4xf32>
  %4 = graph.mul %3, %0 : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %4 : tensor<2x4xf32>
}

// CHECK-LABEL: func @logarithm
// CHECK-NEXT: graph.log_softmax %arg0 dim 1
// CHECK-NEXT: return
func.func @logarithm(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %0 = graph.softmax %x dim 1 : tensor<2x4xf32> -> tensor<2x4xf32>
  %1 = graph.log %0 : tensor<2x4xf32> -> tensor<2x4xf32>
  return %1 : tensor<2x4xf32>
}

// CHECK-LABEL: func @less_log_of_sum
// CHECK: graph.log_softmax %arg0 dim 1
// CHECK-NEXT: return
func.func @less_log_of_sum(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %m = graph.reduce max %x dims [1] : tensor<2x4xf32> -> tensor<2xf32>
  %b = graph.broadcast %m dims [0] : tensor<2xf32> -> tensor<2x4xf32>
  %s = graph.sub %x, %b : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %0 = graph.exp %s : tensor<2x4xf32> -> tensor<2x4xf32>
  %1 = graph.reduce sum %0 dims [1] : tensor<2x4xf32> -> tensor<2xf32>
  %2 = graph.log %1 : tensor<2xf32> -> tensor<2xf32>
  %3 = graph.broadcast %2 dims [0] : tensor<2xf32> -> tensor<2x4xf32>
  %4 = graph.sub %s, %3 : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %4 : tensor<2x4xf32>
}

// Divided by the sums of columns, exponentials of rows.
// CHECK-LABEL: func @sum_over_another_dimension
// CHECK-NOT: graph.softmax
// CHECK: return
func.func @sum_over_another_dimension(%x: tensor<3x3xf32>) -> tensor<3x3xf32> {
  %0 = graph.exp %x : tensor<3x3xf32> -> tensor<3x3xf32>
  %1 = graph.reduce sum %0 dims [0] : tensor<3x3xf32> -> tensor<3xf32>
  %2 = graph.broadcast %1 dims [0] : tensor<3xf32> -> tensor<3x3xf32>
  %3 = graph.div %0, %2 : (tensor<3x3xf32>, tensor<3x3xf32>) -> tensor<3x3xf32>
  return %3 : tensor<3x3xf32>
}
