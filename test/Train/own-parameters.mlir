// RUN: split-file %s %t
// RUN: vescale-opt %t/views.mlir --split-input-file --train-read-options=file=%t/train.json --train-own-parameters | FileCheck %t/views.mlir
// RUN: not vescale-opt %t/uneven.mlir --train-read-options=file=%t/train.json --train-own-parameters 2>&1 | FileCheck %t/uneven.mlir

//--- train.json
{"schema": "vescale.train/1", "frozen": ["frozen.*"]}

//--- views.mlir
// A transposed weight lies as it is stored.
// CHECK-LABEL: func.func @transposed
// CHECK: %[[W:.*]] = graph.parameter "w" source <"m", 0, 48, tensor<4x3xf32>> named : tensor<4x3xf32>
// CHECK: %[[T:.*]] = graph.transpose %[[W]] perm [1, 0]
// CHECK: return %[[T]]
func.func @transposed() -> tensor<3x4xf32> {
  %w = graph.parameter "w" source <"m", 0, 48, tensor<4x3xf32>> view 0 [1, 3] named : tensor<3x4xf32>
  return %w : tensor<3x4xf32>
}

// -----

// A table that is read whole and transposed is one.
// CHECK-LABEL: func.func @tied
// CHECK: %[[W:.*]] = graph.parameter "w"
// CHECK-NOT: graph.parameter
// CHECK: %[[T:.*]] = graph.transpose %[[W]]
// CHECK: return %[[W]], %[[T]]
func.func @tied() -> (tensor<4x3xf32>, tensor<3x4xf32>) {
  %0 = graph.parameter "w" source <"m", 0, 48, tensor<4x3xf32>> named : tensor<4x3xf32>
  %1 = graph.parameter "w" source <"m", 0, 48, tensor<4x3xf32>> view 0 [1, 3] named : tensor<3x4xf32>
  return %0, %1 : tensor<4x3xf32>, tensor<3x4xf32>
}

// -----

// Queries, keys and values have all of a fused projection between them.
// CHECK-LABEL: func.func @fused
// CHECK: graph.parameter "w" {{.*}} view 0 [6, 1] named : tensor<4x2xf32>
// CHECK: graph.parameter "w" {{.*}} view 2 [6, 1] named : tensor<4x2xf32>
// CHECK: graph.parameter "w" {{.*}} view 4 [6, 1] named : tensor<4x2xf32>
func.func @fused() -> (tensor<4x2xf32>, tensor<4x2xf32>, tensor<4x2xf32>) {
  %0 = graph.parameter "w" source <"m", 0, 96, tensor<4x6xf32>> view 0 [6, 1] named : tensor<4x2xf32>
  %1 = graph.parameter "w" source <"m", 0, 96, tensor<4x6xf32>> view 2 [6, 1] named : tensor<4x2xf32>
  %2 = graph.parameter "w" source <"m", 0, 96, tensor<4x6xf32>> view 4 [6, 1] named : tensor<4x2xf32>
  return %0, %1, %2 : tensor<4x2xf32>, tensor<4x2xf32>, tensor<4x2xf32>
}

// -----

// Some rows of a table of positions: the others belong to it as well.
// CHECK-LABEL: func.func @some
// CHECK: %[[W:.*]] = graph.parameter "w" source {{.*}} named : tensor<8x3xf32>
// CHECK: graph.slice %{{.*}} [2, 0] to [6, 3] step [1, 1]
func.func @some() -> tensor<4x3xf32> {
  %0 = graph.parameter "w" source <"m", 0, 96, tensor<8x3xf32>> view 6 [3, 1] named : tensor<4x3xf32>
  return %0 : tensor<4x3xf32>
}

// -----

// The second of three parts of two features, for each of two heads.
// CHECK-LABEL: func.func @interleaved
// CHECK: graph.reshape %{{.*}} : tensor<12x5xf32> -> tensor<2x6x5xf32>
// CHECK: graph.slice %{{.*}} [0, 2, 0] to [2, 4, 5]
func.func @interleaved() -> tensor<2x2x5xf32> {
  %0 = graph.parameter "w" source <"m", 0, 240, tensor<12x5xf32>> view 10 [30, 5, 1] named : tensor<2x2x5xf32>
  return %0 : tensor<2x2x5xf32>
}

// -----

// Columns of a fused projection whose rows no machine could walk.
// CHECK-LABEL: func.func @large
// CHECK: graph.parameter "w" {{.*}} view 0 [3298534, 1] named : tensor<1048576x1099511xf32>
// CHECK: graph.parameter "w" {{.*}} view 1099511 [3298534, 1] named : tensor<1048576x2199023xf32>
func.func @large() -> (tensor<1048576x1099511xf32>, tensor<1048576x2199023xf32>) {
  %0 = graph.parameter "w" source <"m", 0, 13835054350336, tensor<1048576x3298534xf32>> view 0 [3298534, 1] named : tensor<1048576x1099511xf32>
  %1 = graph.parameter "w" source <"m", 0, 13835054350336, tensor<1048576x3298534xf32>> view 1099511 [3298534, 1] named : tensor<1048576x2199023xf32>
  return %0, %1 : tensor<1048576x1099511xf32>, tensor<1048576x2199023xf32>
}

// -----

// A row that two views have, while another has none, belongs to the whole.
// CHECK-LABEL: func.func @twice
// CHECK: %[[W:.*]] = graph.parameter "w" source {{.*}} named : tensor<4x3xf32>
// CHECK-NOT: graph.parameter
// CHECK: graph.slice %{{.*}} [0, 0] to [2, 3]
// CHECK: graph.slice %{{.*}} [1, 0] to [3, 3]
func.func @twice() -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  %0 = graph.parameter "w" source <"m", 0, 48, tensor<4x3xf32>> view 0 [3, 1] named : tensor<2x3xf32>
  %1 = graph.parameter "w" source <"m", 0, 48, tensor<4x3xf32>> view 3 [3, 1] named : tensor<2x3xf32>
  return %0, %1 : tensor<2x3xf32>, tensor<2x3xf32>
}

// -----

// What is frozen, or not the author's, stays a view.
// CHECK-LABEL: func.func @untrained
// CHECK: graph.parameter "frozen.w" {{.*}} view 0 [1, 3]
// CHECK: graph.parameter "constant" {{.*}} view 0 [1, 3]
func.func @untrained() -> (tensor<3x4xf32>, tensor<3x4xf32>) {
  %0 = graph.parameter "frozen.w" source <"m", 0, 48, tensor<4x3xf32>> view 0 [1, 3] named : tensor<3x4xf32>
  %1 = graph.parameter "constant" source <"m", 0, 48, tensor<4x3xf32>> view 0 [1, 3] : tensor<3x4xf32>
  return %0, %1 : tensor<3x4xf32>, tensor<3x4xf32>
}

//--- uneven.mlir
// CHECK: error: 'graph.parameter' op reads "w" in a way that cannot be trained: elements {{.*}} apart are no slice of what is stored, 'tensor<8xf32>'; list it in the train file's "frozen"
func.func @uneven() -> tensor<2xf32> {
  %0 = graph.parameter "w" source <"m", 0, 32, tensor<8xf32>> view 0 [3] named : tensor<2xf32>
  return %0 : tensor<2xf32>
}
