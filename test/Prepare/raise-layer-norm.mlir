// RUN: vescale-opt --graph-raise-layer-norm %s | FileCheck %s
// RUN: %python %S/check_equal.py %s --graph-raise-layer-norm

// CHECK-LABEL: func @centred_norm
// CHECK: graph.layer_norm %arg0 scale %arg1 : tensor<4xf32> bias %arg2 : tensor<4xf32> axis 1
// CHECK-NEXT: return
func.func @centred_norm(%x: tensor<2x4xf32>, %s: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<2x4xf32> {
  %quarter = graph.constant dense<0.25> : tensor<2xf32> -> tensor<2xf32>
  %scale = graph.broadcast %s dims [1] : tensor<4xf32> -> tensor<2x4xf32>
  %bias = graph.broadcast %b dims [1] : tensor<4xf32> -> tensor<2x4xf32>
  %sum = graph.reduce sum %x dims [1] : tensor<2x4xf32> -> tensor<2xf32>
  %row = graph.mul %sum, %quarter : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %mean = graph.broadcast %row dims [0] : tensor<2xf32> -> tensor<2x4xf32>
  %0 = graph.sub %x, %mean : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %1 = graph.rms_norm %0 axis 1 epsilon 1.0e-5 : tensor<2x4xf32> -> tensor<2x4xf32>
  %2 = graph.mul %1, %scale : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %3 = graph.add %2, %bias : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %3 : tensor<2x4xf32>
}

// Fully decomposed, the two last dimensions normalised, scale on the left.
// CHECK-LABEL: func @decomposed
// CHECK: graph.layer_norm %arg0 scale %arg1 : tensor<3x4xf32> bias %arg2 : tensor<3x4xf32> axis 1
// CHECK-NEXT: return
func.func @decomposed(%x: tensor<2x3x4xf32>, %s: tensor<3x4xf32>, %b: tensor<3x4xf32>) -> tensor<2x3x4xf32> {
  %count = graph.constant dense<12.0> : tensor<2xf32> -> tensor<2xf32>
  %epsilon = graph.constant dense<1.0e-5> : tensor<2xf32> -> tensor<2xf32>
  %scale = graph.broadcast %s dims [1, 2] : tensor<3x4xf32> -> tensor<2x3x4xf32>
  %bias = graph.broadcast %b dims [1, 2] : tensor<3x4xf32> -> tensor<2x3x4xf32>
  %sum = graph.reduce sum %x dims [1, 2] : tensor<2x3x4xf32> -> tensor<2xf32>
  %row = graph.div %sum, %count : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %mean = graph.broadcast %row dims [0] : tensor<2xf32> -> tensor<2x3x4xf32>
  %0 = graph.sub %x, %mean : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %1 = graph.mul %0, %0 : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %2 = graph.reduce sum %1 dims [1, 2] : tensor<2x3x4xf32> -> tensor<2xf32>
  %3 = graph.div %2, %count : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %4 = graph.add %3, %epsilon : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %5 = graph.sqrt %4 : tensor<2xf32> -> tensor<2xf32>
  %6 = graph.broadcast %5 dims [0] : tensor<2xf32> -> tensor<2x3x4xf32>
  %7 = graph.div %0, %6 : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %8 = graph.mul %scale, %7 : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %9 = graph.add %bias, %8 : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %9 : tensor<2x3x4xf32>
}

// The result before the bias is needed too.
// CHECK-LABEL: func @used_twice
// CHECK: graph.layer_norm %arg0 axis 1
// CHECK: graph.add
func.func @used_twice(%x: tensor<2x4xf32>, %b: tensor<4xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>) {
  %bias = graph.broadcast %b dims [1] : tensor<4xf32> -> tensor<2x4xf32>
  %0 = graph.layer_norm %x axis 1 epsilon 1.0e-5 : tensor<2x4xf32> -> tensor<2x4xf32>
  %1 = graph.add %0, %bias : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %0, %1 : tensor<2x4xf32>, tensor<2x4xf32>
}

// A residual is no bias: it differs from row to row.
// CHECK-LABEL: func @residual
// CHECK: graph.layer_norm %arg0 axis 1
// CHECK: graph.add
func.func @residual(%x: tensor<2x4xf32>, %r: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %0 = graph.layer_norm %x axis 1 epsilon 1.0e-5 : tensor<2x4xf32> -> tensor<2x4xf32>
  %1 = graph.add %0, %r : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %1 : tensor<2x4xf32>
}
