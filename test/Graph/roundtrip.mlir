// RUN: vescale-opt %s | vescale-opt | FileCheck %s

// CHECK-LABEL: func @parameters
func.func @parameters() -> tensor<4x3xf32> {
  // CHECK: graph.parameter "w" source <"w.bin", 0, 1920, tensor<16x30xf32>> named : tensor<16x30xf32>
  %0 = graph.parameter "w" source <"w.bin", 0, 1920, tensor<16x30xf32>> named
    : tensor<16x30xf32>
  // CHECK: graph.parameter "w" source <{{.*}}> view 16 [1, 30] : tensor<4x3xf32>
  %1 = graph.parameter "w" source <"w.bin", 0, 1920, tensor<16x30xf32>>
    view 16 [1, 30] : tensor<4x3xf32>
  // CHECK: graph.parameter "w" source <{{.*}}> named <permuted [1, 0]> : tensor<16x30xf32>
  %2 = graph.parameter "w" source <"w.bin", 0, 1920, tensor<16x30xf32>>
    named <permuted [1, 0]> : tensor<16x30xf32>
  // CHECK: graph.parameter "w" source <{{.*}}> named <tied ["a.w", "b.w"]> : tensor<16x30xf32>
  %3 = graph.parameter "w" source <"w.bin", 0, 1920, tensor<16x30xf32>>
    named <tied ["a.w", "b.w"]> : tensor<16x30xf32>
  // CHECK: graph.parameter "w" named <permuted [1, 0] tied ["a.w"]> : tensor<16x30xf32>
  %4 = graph.parameter "w" named <permuted [1, 0] tied ["a.w"]> : tensor<16x30xf32>
  return %1 : tensor<4x3xf32>
}

// CHECK-LABEL: func @norms
func.func @norms(%x: tensor<4x3xf32>, %s: tensor<3xf32>) -> tensor<4x3xf32> {
  // CHECK: graph.layer_norm %{{.*}} axis 1 epsilon 1.000000e-05 :
  %0 = graph.layer_norm %x axis 1 epsilon 1.0e-5
    : tensor<4x3xf32> -> tensor<4x3xf32>
  // CHECK: graph.layer_norm %{{.*}} bias %{{.*}} : tensor<3xf32> axis 1
  %1 = graph.layer_norm %0 bias %s : tensor<3xf32> axis 1 epsilon 1.0e-5
    : tensor<4x3xf32> -> tensor<4x3xf32>
  // CHECK: graph.rms_norm %{{.*}} scale %{{.*}} : tensor<3xf32> axis 1
  %2 = graph.rms_norm %1 scale %s : tensor<3xf32> axis 1 epsilon 1.0e-5
    : tensor<4x3xf32> -> tensor<4x3xf32>
  return %2 : tensor<4x3xf32>
}
