// RUN: vescale-opt --graph-split-qkv %s | FileCheck %s
// RUN: %python %S/check_equal.py %s --graph-split-qkv --field

// CHECK-LABEL: func @queries_and_keys
// CHECK-DAG: %[[Q:.*]] = graph.parameter "w" {{.*}} view 0 [8, 1] : tensor<3x4xf32>
// CHECK-DAG: %[[K:.*]] = graph.parameter "w" {{.*}} view 4 [8, 1] : tensor<3x4xf32>
// CHECK-DAG: graph.dot %arg0, %[[Q]] batch [] x [] contract [1] x [0]
// CHECK-DAG: graph.dot %arg0, %[[K]] batch [] x [] contract [1] x [0]
// CHECK: return
func.func @queries_and_keys(%x: tensor<2x3xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>) {
  %w = graph.parameter "w" source <"m", 0, 96, tensor<3x8xf32>> : tensor<3x8xf32>
  %0 = graph.dot %x, %w batch [] x [] contract [1] x [0] : (tensor<2x3xf32>, tensor<3x8xf32>) -> tensor<2x8xf32>
  %1 = graph.slice %0 [0, 0] to [2, 4] step [1, 1] : tensor<2x8xf32> -> tensor<2x4xf32>
  %2 = graph.slice %0 [0, 4] to [2, 8] step [1, 1] : tensor<2x8xf32> -> tensor<2x4xf32>
  return %1, %2 : tensor<2x4xf32>, tensor<2x4xf32>
}

// Gate and up with a bias, the weight stored transposed.
// CHECK-LABEL: func @gate_and_up
// CHECK-DAG: graph.parameter "w" {{.*}} view 0 [1, 3] : tensor<3x4xf32>
// CHECK-DAG: graph.parameter "w" {{.*}} view 12 [1, 3] : tensor<3x4xf32>
// CHECK-DAG: graph.parameter "b" {{.*}} view 0 [1] : tensor<4xf32>
// CHECK-DAG: graph.parameter "b" {{.*}} view 4 [1] : tensor<4xf32>
// CHECK-NOT: graph.slice
// CHECK: return
func.func @gate_and_up(%x: tensor<2x3xf32>) -> tensor<2x4xf32> {
  %w = graph.parameter "w" source <"m", 0, 96, tensor<8x3xf32>> view 0 [1, 3] : tensor<3x8xf32>
  %b = graph.parameter "b" source <"m", 96, 32, tensor<8xf32>> : tensor<8xf32>
  %bias = graph.broadcast %b dims [1] : tensor<8xf32> -> tensor<2x8xf32>
  %0 = graph.dot %x, %w batch [] x [] contract [1] x [0] : (tensor<2x3xf32>, tensor<3x8xf32>) -> tensor<2x8xf32>
  %1 = graph.add %0, %bias : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %2 = graph.slice %1 [0, 0] to [2, 4] step [1, 1] : tensor<2x8xf32> -> tensor<2x4xf32>
  %3 = graph.slice %1 [0, 4] to [2, 8] step [1, 1] : tensor<2x8xf32> -> tensor<2x4xf32>
  %4 = graph.silu %2 : tensor<2x4xf32> -> tensor<2x4xf32>
  %5 = graph.mul %4, %3 : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %5 : tensor<2x4xf32>
}

// Two heads, each with its query, key and value of two features.
// CHECK-LABEL: func @side_by_side_in_each_head
// CHECK-DAG: %[[Q:.*]] = graph.parameter "w" {{.*}} view 0 [12, 6, 1] : tensor<3x2x2xf32>
// CHECK-DAG: %[[K:.*]] = graph.parameter "w" {{.*}} view 2 [12, 6, 1] : tensor<3x2x2xf32>
// CHECK-DAG: %[[V:.*]] = graph.parameter "w" {{.*}} view 4 [12, 6, 1] : tensor<3x2x2xf32>
// CHECK-DAG: graph.dot %arg0, %[[Q]] {{.*}} -> tensor<4x5x2x2xf32>
// CHECK-DAG: graph.dot %arg0, %[[K]] {{.*}} -> tensor<4x5x2x2xf32>
// CHECK-DAG: graph.dot %arg0, %[[V]] {{.*}} -> tensor<4x5x2x2xf32>
// CHECK-DAG: graph.parameter "b" {{.*}} view 4 [6, 1] : tensor<2x2xf32>
// CHECK-NOT: graph.slice
// CHECK: return
func.func @side_by_side_in_each_head(%x: tensor<4x5x3xf32>) -> (tensor<4x5x2x2xf32>, tensor<4x5x2x2xf32>, tensor<4x5x2x2xf32>) {
  %w = graph.parameter "w" source <"m", 0, 144, tensor<3x12xf32>> : tensor<3x12xf32>
  %b = graph.parameter "b" source <"m", 144, 48, tensor<12xf32>> : tensor<12xf32>
  %bias = graph.broadcast %b dims [2] : tensor<12xf32> -> tensor<4x5x12xf32>
  %0 = graph.dot %x, %w batch [] x [] contract [2] x [0] : (tensor<4x5x3xf32>, tensor<3x12xf32>) -> tensor<4x5x12xf32>
  %1 = graph.add %bias, %0 : (tensor<4x5x12xf32>, tensor<4x5x12xf32>) -> tensor<4x5x12xf32>
  %2 = graph.reshape %1 : tensor<4x5x12xf32> -> tensor<4x5x2x6xf32>
  %q = graph.slice %2 [0, 0, 0, 0] to [4, 5, 2, 2] step [1, 1, 1, 1] : tensor<4x5x2x6xf32> -> tensor<4x5x2x2xf32>
  %k = graph.slice %2 [0, 0, 0, 2] to [4, 5, 2, 4] step [1, 1, 1, 1] : tensor<4x5x2x6xf32> -> tensor<4x5x2x2xf32>
  %v = graph.slice %2 [0, 0, 0, 4] to [4, 5, 2, 6] step [1, 1, 1, 1] : tensor<4x5x2x6xf32> -> tensor<4x5x2x2xf32>
  return %q, %k, %v : tensor<4x5x2x2xf32>, tensor<4x5x2x2xf32>, tensor<4x5x2x2xf32>
}

// Slices that overlap would compute the common part twice.
// CHECK-LABEL: func @overlapping
// CHECK: graph.dot
// CHECK-NOT: graph.dot
// CHECK: return
func.func @overlapping(%x: tensor<2x3xf32>) -> (tensor<2x5xf32>, tensor<2x4xf32>) {
  %w = graph.parameter "w" source <"m", 0, 96, tensor<3x8xf32>> : tensor<3x8xf32>
  %0 = graph.dot %x, %w batch [] x [] contract [1] x [0] : (tensor<2x3xf32>, tensor<3x8xf32>) -> tensor<2x8xf32>
  %1 = graph.slice %0 [0, 0] to [2, 5] step [1, 1] : tensor<2x8xf32> -> tensor<2x5xf32>
  %2 = graph.slice %0 [0, 4] to [2, 8] step [1, 1] : tensor<2x8xf32> -> tensor<2x4xf32>
  return %1, %2 : tensor<2x5xf32>, tensor<2x4xf32>
}

// Slices of rows are no slices of features.
// CHECK-LABEL: func @rows
// CHECK: graph.slice
// CHECK: return
func.func @rows(%x: tensor<2x3xf32>) -> tensor<1x8xf32> {
  %w = graph.parameter "w" source <"m", 0, 96, tensor<3x8xf32>> : tensor<3x8xf32>
  %0 = graph.dot %x, %w batch [] x [] contract [1] x [0] : (tensor<2x3xf32>, tensor<3x8xf32>) -> tensor<2x8xf32>
  %1 = graph.slice %0 [0, 0] to [1, 8] step [1, 1] : tensor<2x8xf32> -> tensor<1x8xf32>
  return %1 : tensor<1x8xf32>
}
