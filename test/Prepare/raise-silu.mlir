// RUN: vescale-opt --graph-raise-silu %s | FileCheck %s
// RUN: %python %S/check_equal.py %s --graph-raise-silu

// CHECK-LABEL: func @product
// CHECK-NEXT: graph.silu %arg0
// CHECK-NEXT: return
func.func @product(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = graph.sigmoid %x : tensor<4xf32> -> tensor<4xf32>
  %1 = graph.mul %x, %0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// CHECK-LABEL: func @by_exponential
// CHECK: graph.silu %arg0
// CHECK-NEXT: return
func.func @by_exponential(%x: tensor<4xf32>) -> tensor<4xf32> {
  %one = graph.constant dense<1.0> : tensor<4xf32> -> tensor<4xf32>
  %0 = graph.neg %x : tensor<4xf32> -> tensor<4xf32>
  %1 = graph.exp %0 : tensor<4xf32> -> tensor<4xf32>
  %2 = graph.add %one, %1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = graph.div %x, %2 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %3 : tensor<4xf32>
}

// CHECK-LABEL: func @sigmoid_alone
// CHECK: graph.sigmoid %arg0
// CHECK-NEXT: return
func.func @sigmoid_alone(%x: tensor<4xf32>) -> tensor<4xf32> {
  %one = graph.constant dense<1.0> : tensor<4xf32> -> tensor<4xf32>
  %0 = graph.neg %x : tensor<4xf32> -> tensor<4xf32>
  %1 = graph.exp %0 : tensor<4xf32> -> tensor<4xf32>
  %2 = graph.add %1, %one : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = graph.reciprocal %2 : tensor<4xf32> -> tensor<4xf32>
  return %3 : tensor<4xf32>
}

// A gate: the sigmoid is of another value.
// CHECK-LABEL: func @gate
// CHECK: graph.sigmoid
// CHECK: graph.mul
func.func @gate(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  %0 = graph.sigmoid %x : tensor<4xf32> -> tensor<4xf32>
  %1 = graph.mul %y, %0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}
