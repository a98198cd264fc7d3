// RUN: vescale-opt --graph-fold-parameter-views %s | FileCheck %s
// RUN: %python %S/check_equal.py %s --graph-fold-parameter-views --field

// CHECK-LABEL: func @transposed
// CHECK-NEXT: graph.parameter "w" source <"m", 0, 48, tensor<4x3xf32>> view 0 [1, 3] : tensor<3x4xf32>
// CHECK-NEXT: return
func.func @transposed() -> tensor<3x4xf32> {
  %0 = graph.parameter "w" source <"m", 0, 48, tensor<4x3xf32>> : tensor<4x3xf32>
  %1 = graph.transpose %0 perm [1, 0] : tensor<4x3xf32> -> tensor<3x4xf32>
  return %1 : tensor<3x4xf32>
}

// The offset of the view is in elements of the stored tensor.
// CHECK-LABEL: func @sliced
// CHECK-NEXT: view 4 [3, 2] : tensor<2x1xf32>
func.func @sliced() -> tensor<2x1xf32> {
  %0 = graph.parameter "w" source <"m", 0, 48, tensor<4x3xf32>> : tensor<4x3xf32>
  %1 = graph.slice %0 [1, 1] to [3, 3] step [1, 2] : tensor<4x3xf32> -> tensor<2x1xf32>
  return %1 : tensor<2x1xf32>
}

// CHECK-LABEL: func @split_into_heads
// CHECK-NEXT: graph.parameter "w" {{.*}} view 0 [1, 6, 3] named : tensor<3x2x2xf32>
// CHECK-NEXT: return
func.func @split_into_heads() -> tensor<3x2x2xf32> {
  %0 = graph.parameter "w" source <"m", 0, 48, tensor<4x3xf32>> named : tensor<4x3xf32>
  %1 = graph.transpose %0 perm [1, 0] : tensor<4x3xf32> -> tensor<3x4xf32>
  %2 = graph.reshape %1 : tensor<3x4xf32> -> tensor<3x2x2xf32>
  return %2 : tensor<3x2x2xf32>
}

// Rows of the transposed matrix do not follow each other evenly.
// CHECK-LABEL: func @uneven
// CHECK: view 0 [1, 3]
// CHECK: graph.reshape
func.func @uneven() -> tensor<12xf32> {
  %0 = graph.parameter "w" source <"m", 0, 48, tensor<4x3xf32>> : tensor<4x3xf32>
  %1 = graph.transpose %0 perm [1, 0] : tensor<4x3xf32> -> tensor<3x4xf32>
  %2 = graph.reshape %1 : tensor<3x4xf32> -> tensor<12xf32>
  return %2 : tensor<12xf32>
}

// Without a source the op's own type says how the parameter is stored.
// CHECK-LABEL: func @no_source
// CHECK: graph.transpose
func.func @no_source() -> tensor<3x4xf32> {
  %0 = graph.parameter "w" : tensor<4x3xf32>
  %1 = graph.transpose %0 perm [1, 0] : tensor<4x3xf32> -> tensor<3x4xf32>
  return %1 : tensor<3x4xf32>
}

// The other use still reads the whole.
// CHECK-LABEL: func @two_uses
// CHECK-DAG: %[[W:.*]] = graph.parameter "w" source <"m", 0, 48, tensor<4x3xf32>> : tensor<4x3xf32>
// CHECK-DAG: %[[V:.*]] = graph.parameter "w" {{.*}} view 0 [1, 3] {test.note = "kept"} : tensor<3x4xf32>
// CHECK: return %[[W]], %[[V]]
func.func @two_uses() -> (tensor<4x3xf32>, tensor<3x4xf32>) {
  %0 = graph.parameter "w" source <"m", 0, 48, tensor<4x3xf32>> : tensor<4x3xf32>
  %1 = graph.parameter "w" source <"m", 0, 48, tensor<4x3xf32>> {test.note = "kept"} : tensor<4x3xf32>
  %2 = graph.transpose %1 perm [1, 0] : tensor<4x3xf32> -> tensor<3x4xf32>
  return %0, %2 : tensor<4x3xf32>, tensor<3x4xf32>
}
