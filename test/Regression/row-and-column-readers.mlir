// The norm keeps a row of its operand, which the maximum over columns must not
// take for the other rows.
// RUN: vescale-opt %s --split-input-file --graph-lower-to-rank | FileCheck %s

// CHECK: rank.kernel {{.*}} origin "sign"
func.func @main(%x: tensor<2x6xf32>) -> tensor<2x6xf32> {
  %0 = graph.sign %x : tensor<2x6xf32> -> tensor<2x6xf32>
  %1 = graph.reduce max %0 dims [0] : tensor<2x6xf32> -> tensor<6xf32>
  %2 = graph.rms_norm %0 scale %1 : tensor<6xf32> axis 1 epsilon 0.5 : tensor<2x6xf32> -> tensor<2x6xf32>
  return %2 : tensor<2x6xf32>
}

// -----

// What moves elements only is computed anew instead: no row is kept.
// CHECK: rank.kernel {{.*}} origin "{{.*}}softmax{{.*}}"
// CHECK-COUNT-1: memref.alloca
// CHECK-NOT: memref.alloca
func.func @main(%x: tensor<2x6xf32>) -> tensor<2x6xf32> {
  %0 = graph.reverse %x dim 0 : tensor<2x6xf32> -> tensor<2x6xf32>
  %1 = graph.reduce max %0 dims [0] : tensor<2x6xf32> -> tensor<6xf32>
  %2 = graph.broadcast %1 dims [1] : tensor<6xf32> -> tensor<2x6xf32>
  %3 = graph.softmax %0 dim 1 : tensor<2x6xf32> -> tensor<2x6xf32>
  %4 = graph.add %3, %2 : (tensor<2x6xf32>, tensor<2x6xf32>) -> tensor<2x6xf32>
  return %4 : tensor<2x6xf32>
}
