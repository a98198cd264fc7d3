// RUN: vescale-opt --graph-raise-rms-norm %s | FileCheck %s
// RUN: %python %S/check_equal.py %s --graph-raise-rms-norm

// CHECK-LABEL: func @root_mean_square
// CHECK: graph.rms_norm %arg0 scale %arg1 : tensor<4xf32> axis 1 epsilon {{9.99.*E-6|1.0.*E-5}} : tensor<2x4xf32>
// CHECK-NEXT: return
func.func @root_mean_square(%x: tensor<2x4xf32>, %w: tensor<4xf32>) -> tensor<2x4xf32> {
  %inverse_count = graph.constant dense<0.25> : tensor<2xf32> -> tensor<2xf32>
  %epsilon = graph.constant dense<1.0e-5> : tensor<2xf32> -> tensor<2xf32>
  %scale = graph.broadcast %w dims [1] : tensor<4xf32> -> tensor<2x4xf32>
  %0 = graph.mul %x, %x : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %1 = graph.reduce sum %0 dims [1] : tensor<2x4xf32> -> tensor<2xf32>
  %2 = graph.mul %1, %inverse_count : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %3 = graph.add %2, %epsilon : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %4 = graph.rsqrt %3 : tensor<2xf32> -> tensor<2xf32>
  %5 = graph.broadcast %4 dims [0] : tensor<2xf32> -> tensor<2x4xf32>
  %6 = graph.mul %x, %5 : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %7 = graph.mul %6, %scale : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %7 : tensor<2x4xf32>
}

// As exports without the op have it: powers, a division, the dimension kept.
// CHECK-LABEL: func @quotient_with_kept_dimension
// CHECK: graph.rms_norm %arg0 axis 2 epsilon
// CHECK-NEXT: return
func.func @quotient_with_kept_dimension(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %two = graph.constant dense<2.0> : tensor<2x3x4xf32> -> tensor<2x3x4xf32>
  %count = graph.constant dense<4.0> : tensor<2x3xf32> -> tensor<2x3xf32>
  %epsilon = graph.constant dense<1.0e-6> : tensor<2x3x1xf32> -> tensor<2x3x1xf32>
  %0 = graph.pow %x, %two : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %1 = graph.reduce sum %0 dims [2] : tensor<2x3x4xf32> -> tensor<2x3xf32>
  %2 = graph.div %1, %count : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %3 = graph.reshape %2 : tensor<2x3xf32> -> tensor<2x3x1xf32>
  %4 = graph.add %epsilon, %3 : (tensor<2x3x1xf32>, tensor<2x3x1xf32>) -> tensor<2x3x1xf32>
  %5 = graph.sqrt %4 : tensor<2x3x1xf32> -> tensor<2x3x1xf32>
  %6 = graph.reshape %5 : tensor<2x3x1xf32> -> tensor<2x3xf32>
  %7 = graph.broadcast %6 dims [0, 1] : tensor<2x3xf32> -> tensor<2x3x4xf32>
  %8 = graph.div %x, %7 : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %8 : tensor<2x3x4xf32>
}

// x · (r · w) instead of (x · r) · w, and a weight plus one, as Gemma has it.
// CHECK-LABEL: func @other_association
// CHECK: %[[W:.*]] = graph.add %arg1
// CHECK: graph.rms_norm %arg0 scale %[[W]] : tensor<4xf32> axis 1
// CHECK-NEXT: return
func.func @other_association(%x: tensor<2x4xf32>, %w: tensor<4xf32>) -> tensor<2x4xf32> {
  %one = graph.constant dense<1.0> : tensor<4xf32> -> tensor<4xf32>
  %count = graph.constant dense<4.0> : tensor<2xf32> -> tensor<2xf32>
  %epsilon = graph.constant dense<1.0e-6> : tensor<2xf32> -> tensor<2xf32>
  %0 = graph.mul %x, %x : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %1 = graph.reduce sum %0 dims [1] : tensor<2x4xf32> -> tensor<2xf32>
  %2 = graph.div %1, %count : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %3 = graph.add %2, %epsilon : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %4 = graph.sqrt %3 : tensor<2xf32> -> tensor<2xf32>
  %5 = graph.reciprocal %4 : tensor<2xf32> -> tensor<2xf32>
  %6 = graph.broadcast %5 dims [0] : tensor<2xf32> -> tensor<2x4xf32>
  %7 = graph.add %w, %one : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %8 = graph.broadcast %7 dims [1] : tensor<4xf32> -> tensor<2x4xf32>
  %9 = graph.mul %6, %8 : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %10 = graph.mul %9, %x : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %10 : tensor<2x4xf32>
}

// The sum is divided by 5, which is not the number of elements.
// CHECK-LABEL: func @not_the_mean
// CHECK-NOT: graph.rms_norm
// CHECK: return
func.func @not_the_mean(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %count = graph.constant dense<5.0> : tensor<2xf32> -> tensor<2xf32>
  %0 = graph.mul %x, %x : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %1 = graph.reduce sum %0 dims [1] : tensor<2x4xf32> -> tensor<2xf32>
  %2 = graph.div %1, %count : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %3 = graph.rsqrt %2 : tensor<2xf32> -> tensor<2xf32>
  %4 = graph.broadcast %3 dims [0] : tensor<2xf32> -> tensor<2x4xf32>
  %5 = graph.mul %x, %4 : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %5 : tensor<2x4xf32>
}

// The norm is that of another value.
// CHECK-LABEL: func @of_another
// CHECK-NOT: graph.rms_norm
// CHECK: return
func.func @of_another(%x: tensor<2x4xf32>, %y: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %count = graph.constant dense<4.0> : tensor<2xf32> -> tensor<2xf32>
  %0 = graph.mul %y, %y : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %1 = graph.reduce sum %0 dims [1] : tensor<2x4xf32> -> tensor<2xf32>
  %2 = graph.div %1, %count : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %3 = graph.rsqrt %2 : tensor<2xf32> -> tensor<2xf32>
  %4 = graph.broadcast %3 dims [0] : tensor<2xf32> -> tensor<2x4xf32>
  %5 = graph.mul %x, %4 : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %5 : tensor<2x4xf32>
}

// Over columns, not rows: the reduced dimension is not the last.
// CHECK-LABEL: func @over_columns
// CHECK-NOT: graph.rms_norm
// CHECK: return
func.func @over_columns(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %count = graph.constant dense<4.0> : tensor<2xf32> -> tensor<2xf32>
  %0 = graph.mul %x, %x : (tensor<4x2xf32>, tensor<4x2xf32>) -> tensor<4x2xf32>
  %1 = graph.reduce sum %0 dims [0] : tensor<4x2xf32> -> tensor<2xf32>
  %2 = graph.div %1, %count : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %3 = graph.rsqrt %2 : tensor<2xf32> -> tensor<2xf32>
  %4 = graph.broadcast %3 dims [1] : tensor<2xf32> -> tensor<4x2xf32>
  %5 = graph.mul %x, %4 : (tensor<4x2xf32>, tensor<4x2xf32>) -> tensor<4x2xf32>
  return %5 : tensor<4x2xf32>
}
