// RUN: vescale-opt %s | vescale-opt | FileCheck %s

// CHECK-LABEL: func @statistics
func.func @statistics(%x: tensor<4x3x2xf32>, %m: tensor<3xf32>, %v: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  // CHECK: graph.batch_statistics %{{.*}} running %{{.*}}, %{{.*}} momentum 9.000000e-01 of_batch : tensor<4x3x2xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>, tensor<3xf32>
  %0:2 = graph.batch_statistics %x running %m, %v momentum 0.9 of_batch
    : tensor<4x3x2xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>, tensor<3xf32>
  // CHECK: momentum 9.000000e-01 : tensor<4x3x2xf32>
  %1:2 = graph.batch_statistics %x running %0#0, %0#1 momentum 0.9
    : tensor<4x3x2xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>, tensor<3xf32>
  return %1#0, %1#1 : tensor<3xf32>, tensor<3xf32>
}
