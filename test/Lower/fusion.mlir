// RUN: vescale-opt %s --split-input-file --vescale-lower | FileCheck %s

// Bias and activation are the product's epilogue, in place.
// CHECK-LABEL: rank.program @epilogue
// CHECK: %[[C:.*]] = rank.buffer arena at {{.*}} : memref<8x32xf32>
// CHECK: rank.gemm {{.*}}, %[[C]] {{.*}} epilogue @[[K:.*]](%{{.*}} : memref<32xf32>) -> (%[[C]] : memref<8x32xf32>)
// CHECK-NOT: rank.kernel
// CHECK: func.func private @[[K]]
// CHECK: math.tanh
func.func @epilogue(%x: tensor<8x16xf32>, %w: tensor<16x32xf32>,
                    %b: tensor<32xf32>) -> tensor<8x32xf32> {
  %0 = graph.dot %x, %w batch [] x [] contract [1] x [0] : (tensor<8x16xf32>, tensor<16x32xf32>) -> tensor<8x32xf32>
  %1 = graph.broadcast %b dims [1] : tensor<32xf32> -> tensor<8x32xf32>
  %2 = graph.add %0, %1 : (tensor<8x32xf32>, tensor<8x32xf32>) -> tensor<8x32xf32>
  %3 = graph.gelu tanh %2 : tensor<8x32xf32> -> tensor<8x32xf32>
  return %3 : tensor<8x32xf32>
}

// -----

// A norm runs with what is before and behind it, one row at a time.
// CHECK-LABEL: rank.program @rows
// CHECK: rank.kernel @{{.*}} over [8, 1]
// CHECK-NOT: rank.kernel
// CHECK: func.func private
// CHECK: memref.alloca() {{.*}} : memref<64xf32>
// CHECK: scf.for
// CHECK: scf.for
// CHECK: math.exp
func.func @rows(%x: tensor<8x64xf32>, %y: tensor<8x64xf32>,
                %s: tensor<64xf32>) -> tensor<8x64xf32> {
  %0 = graph.mul %x, %y : (tensor<8x64xf32>, tensor<8x64xf32>) -> tensor<8x64xf32>
  %1 = graph.rms_norm %0 scale %s : tensor<64xf32> axis 1 epsilon 1.0e-5 : tensor<8x64xf32> -> tensor<8x64xf32>
  %2 = graph.exp %1 : tensor<8x64xf32> -> tensor<8x64xf32>
  return %2 : tensor<8x64xf32>
}

// -----

// A norm can't be an epilogue, which sees boxes of columns.
// CHECK-LABEL: rank.program @norm_after_dot
// CHECK: rank.gemm
// CHECK: rank.kernel
func.func @norm_after_dot(%x: tensor<8x16xf32>, %w: tensor<16x32xf32>) -> tensor<8x32xf32> {
  %0 = graph.dot %x, %w batch [] x [] contract [1] x [0] : (tensor<8x16xf32>, tensor<16x32xf32>) -> tensor<8x32xf32>
  %1 = graph.softmax %0 dim 1 : tensor<8x32xf32> -> tensor<8x32xf32>
  return %1 : tensor<8x32xf32>
}

// -----

// What two kernels read is computed once, by the first of them.
// CHECK-LABEL: rank.program @shared
// CHECK-COUNT-2: rank.kernel
// CHECK-NOT: rank.kernel
func.func @shared(%x: tensor<64xf32>) -> (tensor<64xf32>, tensor<4x16xf32>) {
  %0 = graph.exp %x : tensor<64xf32> -> tensor<64xf32>
  %1 = graph.neg %0 : tensor<64xf32> -> tensor<64xf32>
  %2 = graph.reshape %0 : tensor<64xf32> -> tensor<4x16xf32>
  %3 = graph.softmax %2 dim 1 : tensor<4x16xf32> -> tensor<4x16xf32>
  return %1, %3 : tensor<64xf32>, tensor<4x16xf32>
}

// -----

// Attention reads heads through views of the projection and writes them side by
// side.
// CHECK-LABEL: rank.program @heads
// CHECK: %[[X:.*]] = rank.buffer arena at {{.*}} : memref<2x5x24xf32>
// CHECK: rank.attention %[[X]] [0, 120, 4, 24], %[[X]] [8, 120, 4, 24], %[[X]] [16, 120, 4, 24] -> %{{.*}} [0, 40, 4, 8]
// CHECK-NOT: rank.kernel
func.func @heads(%x: tensor<2x5x24xf32>) -> tensor<2x5x2x4xf32> {
  %q = graph.slice %x [0, 0, 0] to [2, 5, 8] step [1, 1, 1] : tensor<2x5x24xf32> -> tensor<2x5x8xf32>
  %k = graph.slice %x [0, 0, 8] to [2, 5, 16] step [1, 1, 1] : tensor<2x5x24xf32> -> tensor<2x5x8xf32>
  %v = graph.slice %x [0, 0, 16] to [2, 5, 24] step [1, 1, 1] : tensor<2x5x24xf32> -> tensor<2x5x8xf32>
  %q1 = graph.reshape %q : tensor<2x5x8xf32> -> tensor<2x5x2x4xf32>
  %k1 = graph.reshape %k : tensor<2x5x8xf32> -> tensor<2x5x2x4xf32>
  %v1 = graph.reshape %v : tensor<2x5x8xf32> -> tensor<2x5x2x4xf32>
  %q2 = graph.transpose %q1 perm [0, 2, 1, 3] : tensor<2x5x2x4xf32> -> tensor<2x2x5x4xf32>
  %k2 = graph.transpose %k1 perm [0, 2, 1, 3] : tensor<2x5x2x4xf32> -> tensor<2x2x5x4xf32>
  %v2 = graph.transpose %v1 perm [0, 2, 1, 3] : tensor<2x5x2x4xf32> -> tensor<2x2x5x4xf32>
  %a = graph.attention %q2, %k2, %v2 scale 0.5 causal : (tensor<2x2x5x4xf32>, tensor<2x2x5x4xf32>, tensor<2x2x5x4xf32>) -> tensor<2x2x5x4xf32>
  %r = graph.transpose %a perm [0, 2, 1, 3] : tensor<2x2x5x4xf32> -> tensor<2x5x2x4xf32>
  return %r : tensor<2x5x2x4xf32>
}
