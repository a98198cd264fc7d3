// RUN: vescale-opt --canonicalize %s | FileCheck %s

// CHECK-LABEL: func @transpose_of_merged
// CHECK-NEXT: graph.transpose %arg0 perm [0, 1, 3, 2]
// CHECK-NEXT: return
func.func @transpose_of_merged(%x: tensor<2x3x4x5xf32>) -> tensor<2x3x5x4xf32> {
  %0 = graph.reshape %x : tensor<2x3x4x5xf32> -> tensor<6x4x5xf32>
  %1 = graph.transpose %0 perm [0, 2, 1] : tensor<6x4x5xf32> -> tensor<6x5x4xf32>
  %2 = graph.reshape %1 : tensor<6x5x4xf32> -> tensor<2x3x5x4xf32>
  return %2 : tensor<2x3x5x4xf32>
}

// Heads are split before they are moved, so that moves meet.
// CHECK-LABEL: func @split_of_transposed
// CHECK-NEXT: graph.reshape %arg0 : tensor<2x4x6xf32> -> tensor<2x4x3x2xf32>
// CHECK-NEXT: graph.transpose {{.*}} perm [0, 2, 1, 3]
// CHECK-NEXT: return
func.func @split_of_transposed(%x: tensor<2x4x6xf32>) -> tensor<2x3x4x2xf32> {
  %0 = graph.transpose %x perm [0, 2, 1] : tensor<2x4x6xf32> -> tensor<2x6x4xf32>
  %1 = graph.reshape %0 : tensor<2x6x4xf32> -> tensor<2x3x2x4xf32>
  %2 = graph.transpose %1 perm [0, 1, 3, 2] : tensor<2x3x2x4xf32> -> tensor<2x3x4x2xf32>
  return %2 : tensor<2x3x4x2xf32>
}

// CHECK-LABEL: func @transpose_of_ones
// CHECK-NEXT: graph.reshape %arg0 : tensor<1x3x4xf32> -> tensor<3x1x4xf32>
// CHECK-NEXT: return
func.func @transpose_of_ones(%x: tensor<1x3x4xf32>) -> tensor<3x1x4xf32> {
  %0 = graph.transpose %x perm [1, 0, 2] : tensor<1x3x4xf32> -> tensor<3x1x4xf32>
  return %0 : tensor<3x1x4xf32>
}

// CHECK-LABEL: func @transpose_of_broadcast
// CHECK-NEXT: %[[T:.*]] = graph.transpose %arg0 perm [1, 0]
// CHECK-NEXT: graph.broadcast %[[T]] dims [0, 1] : tensor<3x2xf32> -> tensor<3x2x4xf32>
// CHECK-NEXT: return
func.func @transpose_of_broadcast(%x: tensor<2x3xf32>) -> tensor<3x2x4xf32> {
  %0 = graph.broadcast %x dims [1, 2] : tensor<2x3xf32> -> tensor<4x2x3xf32>
  %1 = graph.transpose %0 perm [2, 1, 0] : tensor<4x2x3xf32> -> tensor<3x2x4xf32>
  return %1 : tensor<3x2x4xf32>
}

// CHECK-LABEL: func @reshape_of_broadcast
// CHECK-NEXT: %[[R:.*]] = graph.reshape %arg0 : tensor<6xf32> -> tensor<2x3xf32>
// CHECK-NEXT: graph.broadcast %[[R]] dims [1, 2] : tensor<2x3xf32> -> tensor<4x2x3xf32>
// CHECK-NEXT: return
func.func @reshape_of_broadcast(%x: tensor<6xf32>) -> tensor<4x2x3xf32> {
  %0 = graph.broadcast %x dims [1] : tensor<6xf32> -> tensor<4x6xf32>
  %1 = graph.reshape %0 : tensor<4x6xf32> -> tensor<4x2x3xf32>
  return %1 : tensor<4x2x3xf32>
}

// Merging old and new dimensions repeats parts, which no broadcast does.
// CHECK-LABEL: func @repetition
// CHECK-NEXT: graph.broadcast
// CHECK-NEXT: graph.reshape
func.func @repetition(%x: tensor<2x3xf32>) -> tensor<8x3xf32> {
  %0 = graph.broadcast %x dims [0, 2] : tensor<2x3xf32> -> tensor<2x4x3xf32>
  %1 = graph.reshape %0 : tensor<2x4x3xf32> -> tensor<8x3xf32>
  return %1 : tensor<8x3xf32>
}

// CHECK-LABEL: func @slices_rise
// CHECK-NEXT: %[[S:.*]] = graph.slice %arg0 [0, 4] to [3, 8] step [1, 1]
// CHECK-NEXT: %[[R:.*]] = graph.reshape %[[S]] : tensor<3x4xf32> -> tensor<3x2x2xf32>
// CHECK-NEXT: graph.transpose %[[R]] perm [1, 0, 2]
// CHECK-NEXT: return
func.func @slices_rise(%x: tensor<3x12xf32>) -> tensor<2x3x2xf32> {
  %0 = graph.reshape %x : tensor<3x12xf32> -> tensor<3x6x2xf32>
  %1 = graph.transpose %0 perm [1, 0, 2] : tensor<3x6x2xf32> -> tensor<6x3x2xf32>
  %2 = graph.slice %1 [2, 0, 0] to [4, 3, 2] step [1, 1, 1] : tensor<6x3x2xf32> -> tensor<2x3x2xf32>
  return %2 : tensor<2x3x2xf32>
}

// Features inside each head are no slice of the merged ones.
// CHECK-LABEL: func @slices_inside_a_split
// CHECK-NEXT: graph.reshape
// CHECK-NEXT: graph.slice
func.func @slices_inside_a_split(%x: tensor<3x12xf32>) -> tensor<3x6x1xf32> {
  %0 = graph.reshape %x : tensor<3x12xf32> -> tensor<3x6x2xf32>
  %1 = graph.slice %0 [0, 0, 1] to [3, 6, 2] step [1, 1, 1] : tensor<3x6x2xf32> -> tensor<3x6x1xf32>
  return %1 : tensor<3x6x1xf32>
}

// CHECK-LABEL: func @slice_of_slice
// CHECK-NEXT: graph.slice %arg0 [5] to [10] step [4]
// CHECK-NEXT: return
func.func @slice_of_slice(%x: tensor<12xf32>) -> tensor<2xf32> {
  %0 = graph.slice %x [1] to [12] step [2] : tensor<12xf32> -> tensor<6xf32>
  %1 = graph.slice %0 [2] to [6] step [2] : tensor<6xf32> -> tensor<2xf32>
  return %1 : tensor<2xf32>
}

// CHECK-LABEL: func @slice_of_concat
// CHECK-NEXT: graph.slice %arg1 [1] to [3] step [1]
// CHECK-NEXT: return
func.func @slice_of_concat(%x: tensor<3xf32>, %y: tensor<4xf32>) -> tensor<2xf32> {
  %0 = graph.concat %x, %y dim 0 : (tensor<3xf32>, tensor<4xf32>) -> tensor<7xf32>
  %1 = graph.slice %0 [4] to [6] step [1] : tensor<7xf32> -> tensor<2xf32>
  return %1 : tensor<2xf32>
}

// CHECK-LABEL: func @concat_of_slices
// CHECK-NEXT: return %arg0
func.func @concat_of_slices(%x: tensor<7xf32>) -> tensor<7xf32> {
  %0 = graph.slice %x [0] to [3] step [1] : tensor<7xf32> -> tensor<3xf32>
  %1 = graph.slice %x [3] to [7] step [1] : tensor<7xf32> -> tensor<4xf32>
  %2 = graph.concat %0, %1 dim 0 : (tensor<3xf32>, tensor<4xf32>) -> tensor<7xf32>
  return %2 : tensor<7xf32>
}

// CHECK-LABEL: func @pad_of_nothing
// CHECK-NEXT: return %arg0
func.func @pad_of_nothing(%x: tensor<7xf32>, %v: tensor<f32>) -> tensor<7xf32> {
  %0 = graph.pad %x, %v low [0] high [0] : (tensor<7xf32>, tensor<f32>) -> tensor<7xf32>
  return %0 : tensor<7xf32>
}
