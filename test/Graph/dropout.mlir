// RUN: vescale-opt %s --canonicalize --split-input-file | vescale-opt --split-input-file | FileCheck %s

// What a model's file says, and what is drawn for training.
// CHECK-LABEL: func.func @rates
func.func @rates(%x: tensor<2x3xf32>, %c: tensor<2xi64>, %s: tensor<i64>) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  // CHECK: graph.dropout %{{.*}} <rate = 1.000000e-01 : f64, seed = 0, site = 0> : tensor<2x3xf32> -> tensor<2x3xf32>
  %0 = graph.dropout %x <rate = 0.1, seed = 0, site = 0> : tensor<2x3xf32> -> tensor<2x3xf32>
  // CHECK: graph.dropout %{{.*}} counters %{{.*}} step %{{.*}} : tensor<2xi64>, tensor<i64> <rate = 5.000000e-01 : f64, seed = -7, site = 3>
  %1 = graph.dropout %x counters %c step %s : tensor<2xi64>, tensor<i64> <rate = 0.5, seed = -7, site = 3> : tensor<2x3xf32> -> tensor<2x3xf32>
  return %0, %1 : tensor<2x3xf32>, tensor<2x3xf32>
}

// -----

// CHECK-LABEL: func.func @nothing_dropped
// CHECK-SAME: (%[[X:.*]]: tensor<2x3xf32>)
// CHECK-NEXT: return %[[X]]
func.func @nothing_dropped(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = graph.dropout %x <rate = 0.0, seed = 0, site = 0> : tensor<2x3xf32> -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

// CHECK-LABEL: func.func @attention
func.func @attention(%q: tensor<1x2x4x8xf32>, %c: tensor<1x2x4xi64>, %s: tensor<i64>) -> tensor<1x2x4x8xf32> {
  // CHECK: graph.attention %{{.*}} scale 1.000000e+00 causal drop <rate = 1.000000e-01 : f64, seed = 5, site = 1> counters %{{.*}} step %{{.*}} : tensor<1x2x4xi64>, tensor<i64> :
  %0 = graph.attention %q, %q, %q scale 1.0 causal drop <rate = 0.1, seed = 5, site = 1> counters %c step %s : tensor<1x2x4xi64>, tensor<i64>
    : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return %0 : tensor<1x2x4x8xf32>
}
