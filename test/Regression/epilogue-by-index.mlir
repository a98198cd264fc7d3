// A reduction of no dimension keeps positions, so it joins the epilogue of the
// product, and reads its result by index instead of by place.
// RUN: vescale-opt %s --graph-lower-to-rank | FileCheck %s

// CHECK: rank.gemm {{.*}} origin "dot+reduce"
func.func @main(%x: tensor<3x4xf32>, %y: tensor<4x5xf32>) -> tensor<3x5xf32> {
  %0 = graph.dot %x, %y batch [] x [] contract [1] x [0] : (tensor<3x4xf32>, tensor<4x5xf32>) -> tensor<3x5xf32>
  %1 = graph.reduce min %0 dims [] : tensor<3x5xf32> -> tensor<3x5xf32>
  return %1 : tensor<3x5xf32>
}
