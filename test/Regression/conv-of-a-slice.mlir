// A convolution of part of a batch reads the part, not the buffer's beginning.
// RUN: vescale-opt %s --graph-lower-to-rank | FileCheck %s

// CHECK: rank.kernel @[[SLICE:.*]](%{{.*}}) -> (%[[PART:.*]] : memref<1x2x5xf32>)
// CHECK: rank.conv %[[PART]],
func.func @main(%x: tensor<3x2x5xf32>, %w: tensor<4x2x3xf32>) -> tensor<1x4x3xf32> {
  %0 = graph.slice %x [1, 0, 0] to [2, 2, 5] step [1, 1, 1] : tensor<3x2x5xf32> -> tensor<1x2x5xf32>
  %1 = graph.conv %0, %w strides [1] dilations [1] pad [0] x [0] groups 1 : (tensor<1x2x5xf32>, tensor<4x2x3xf32>) -> tensor<1x4x3xf32>
  return %1 : tensor<1x4x3xf32>
}
