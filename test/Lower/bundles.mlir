// RUN: vescale-opt %s --split-input-file --vescale-lower | FileCheck %s

// What two results read is computed once and not stored.
// CHECK-LABEL: rank.program @results
// CHECK: %[[X:.*]] = rank.buffer arena at {{.*}}
// CHECK: %[[A:.*]] = rank.buffer arena at {{.*}}
// CHECK: %[[B:.*]] = rank.buffer arena at {{.*}}
// CHECK-NOT: rank.buffer
// CHECK: rank.kernel @[[K:[a-z0-9_]+]](%[[X]] : memref<64xf32>) -> (%[[A]], %[[B]] : memref<64xf32>, memref<64xf32>) over [64]
// CHECK-NOT: rank.kernel
// CHECK: func.func private @[[K]]
// CHECK-COUNT-1: memref.load
// CHECK-COUNT-1: math.exp
// CHECK-NOT: memref.load
// CHECK-COUNT-2: memref.store
func.func @results(%x: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>) {
  %0 = graph.exp %x : tensor<64xf32> -> tensor<64xf32>
  %1 = graph.neg %0 : tensor<64xf32> -> tensor<64xf32>
  %2 = graph.abs %0 : tensor<64xf32> -> tensor<64xf32>
  return %1, %2 : tensor<64xf32>, tensor<64xf32>
}

// -----

// A moment and a weight are written over the old ones by one kernel, which reads
// the gradient once; a rate that all elements share is read by rows and columns.
// CHECK-LABEL: rank.program @optimizer
// CHECK-DAG: %[[M:.*]] = rank.parameter "m"
// CHECK-DAG: %[[W:.*]] = rank.parameter "w"
// CHECK-COUNT-1: rank.kernel @[[K:[a-z0-9_]+]](%{{.*}}, %{{.*}}) -> (%[[M]], %[[W]] : memref<4x8xf32>, memref<4x8xf32>) over [4, 8]
// CHECK-NOT: rank.kernel
func.func @optimizer(%x: tensor<4x8xf32>, %rate: tensor<f32>) {
  %w = graph.parameter "w" init dense<1.0> : tensor<4x8xf32> : tensor<4x8xf32>
  %m = graph.parameter "m" init dense<0.0> : tensor<4x8xf32> : tensor<4x8xf32>
  %r = graph.broadcast %rate dims [] : tensor<f32> -> tensor<4x8xf32>
  %g = graph.mul %x, %r : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %m1 = graph.add %m, %g : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  graph.update %m, %m1 : tensor<4x8xf32>, tensor<4x8xf32>
  %s = graph.sub %w, %m1 : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %w1 = graph.sub %s, %g : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  graph.update %w, %w1 : tensor<4x8xf32>, tensor<4x8xf32>
  return
}

// -----

// A value that is read at another place has to be complete before.
// CHECK-LABEL: rank.program @elsewhere
// CHECK: rank.kernel {{.*}} -> (%[[E:.*]] : memref<8x8xf32>)
// CHECK: rank.kernel {{.*}}(%[[E]] : memref<8x8xf32>)
func.func @elsewhere(%x: tensor<8x8xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>) {
  %0 = graph.exp %x : tensor<8x8xf32> -> tensor<8x8xf32>
  %1 = graph.transpose %0 perm [1, 0] : tensor<8x8xf32> -> tensor<8x8xf32>
  %2 = graph.add %0, %1 : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  return %0, %2 : tensor<8x8xf32>, tensor<8x8xf32>
}

// -----

// A parameter that is written over must not be read at another place by the same
// kernel.
// CHECK-LABEL: rank.program @overwritten_elsewhere
// CHECK: %[[W:.*]] = rank.parameter "w"
// CHECK: rank.kernel {{.*}}(%{{.*}}%[[W]] : memref<8x8xf32>{{.*}}) -> (%{{.*}} : memref<8x8xf32>)
// CHECK: rank.kernel {{.*}} -> (%[[W]] : memref<8x8xf32>)
func.func @overwritten_elsewhere(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %w = graph.parameter "w" init dense<1.0> : tensor<8x8xf32> : tensor<8x8xf32>
  %t = graph.transpose %w perm [1, 0] : tensor<8x8xf32> -> tensor<8x8xf32>
  %y = graph.mul %x, %t : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  %new = graph.add %w, %x : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  graph.update %w, %new : tensor<8x8xf32>, tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// -----

// Kernels of one row of operands, of other operands, and on both sides of a
// library call stay apart.
// CHECK-LABEL: rank.program @apart
// CHECK-COUNT-3: rank.kernel
// CHECK: rank.gemm
// CHECK: rank.kernel
func.func @apart(%x: tensor<8x8xf32>, %y: tensor<8x8xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>, tensor<4x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>) {
  %0 = graph.exp %x : tensor<8x8xf32> -> tensor<8x8xf32>
  %1 = graph.exp %y : tensor<8x8xf32> -> tensor<8x8xf32>
  %2 = graph.reshape %y : tensor<8x8xf32> -> tensor<4x16xf32>
  %3 = graph.neg %2 : tensor<4x16xf32> -> tensor<4x16xf32>
  %4 = graph.dot %0, %1 batch [] x [] contract [1] x [0] : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  %5 = graph.neg %y : tensor<8x8xf32> -> tensor<8x8xf32>
  return %0, %1, %3, %4, %5 : tensor<8x8xf32>, tensor<8x8xf32>, tensor<4x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>
}

// -----

// Elements that stay in a register are rounded as memory would round them.
// CHECK-LABEL: rank.program @narrow
// CHECK: rank.kernel @[[K:[a-z0-9_]+]](
// CHECK-NOT: rank.kernel
// CHECK: func.func private @[[K]]
// CHECK: arith.truncf
// CHECK: arith.extf
func.func @narrow(%x: tensor<64xf16>) -> (tensor<64xf16>, tensor<64xf16>) {
  %0 = graph.exp %x : tensor<64xf16> -> tensor<64xf16>
  %1 = graph.neg %0 : tensor<64xf16> -> tensor<64xf16>
  return %0, %1 : tensor<64xf16>, tensor<64xf16>
}
