// The ops that derivatives are made of: text and back.
// RUN: vescale-opt %s | vescale-opt | FileCheck %s

// CHECK-LABEL: func @norms
func.func @norms(%x: tensor<4x3xf32>, %dy: tensor<4x3xf32>, %s: tensor<3xf32>) -> (tensor<4x3xf32>, tensor<4x3xf32>) {
  // CHECK: graph.layer_norm_grad %{{.*}}, %{{.*}} axis 1 epsilon 1.000000e-05 : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  %0 = graph.layer_norm_grad %x, %dy axis 1 epsilon 1.0e-5
    : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  // CHECK: graph.rms_norm_grad %{{.*}}, %{{.*}} scale %{{.*}} : tensor<3xf32> axis 1 epsilon 1.000000e-05 :
  %1 = graph.rms_norm_grad %x, %dy scale %s : tensor<3xf32> axis 1 epsilon 1.0e-5
    : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  return %0, %1 : tensor<4x3xf32>, tensor<4x3xf32>
}

// CHECK-LABEL: func @pool
func.func @pool(%x: tensor<1x2x6xf32>, %dy: tensor<1x2x3xf32>) -> tensor<1x2x6xf32> {
  // CHECK: graph.pool_grad sum %{{.*}}, %{{.*}} window [3] strides [2] dilations [1] pad [1] x [0] : (tensor<1x2x6xf32>, tensor<1x2x3xf32>) -> tensor<1x2x6xf32>
  %0 = graph.pool_grad sum %x, %dy window [3] strides [2] dilations [1] pad [1] x [0]
    : (tensor<1x2x6xf32>, tensor<1x2x3xf32>) -> tensor<1x2x6xf32>
  return %0 : tensor<1x2x6xf32>
}

// CHECK-LABEL: func @unpool
func.func @unpool(%x: tensor<1x2x6xf32>, %dy: tensor<1x2x3xf32>) -> tensor<1x2x6xf32> {
  // CHECK: graph.pool_place max %{{.*}} window [3] strides [2] dilations [1] pad [1] x [0] : tensor<1x2x6xf32> -> tensor<1x2x3xi32>
  %0 = graph.pool_place max %x window [3] strides [2] dilations [1] pad [1] x [0]
    : tensor<1x2x6xf32> -> tensor<1x2x3xi32>
  // CHECK: graph.unpool %{{.*}} at %{{.*}} window [3] strides [2] dilations [1] pad [1] x [0] : (tensor<1x2x3xf32>, tensor<1x2x3xi32>) -> tensor<1x2x6xf32>
  %1 = graph.unpool %dy at %0 window [3] strides [2] dilations [1] pad [1] x [0]
    : (tensor<1x2x3xf32>, tensor<1x2x3xi32>) -> tensor<1x2x6xf32>
  return %1 : tensor<1x2x6xf32>
}
