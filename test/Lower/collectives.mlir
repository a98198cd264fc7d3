// RUN: vescale-opt %s --split-input-file --vescale-lower | FileCheck %s

// A product whose sum is reduced lies in the communication part, and the
// reduction is in place.
dist.mesh @m <"dp"=2, "tp"=2>

// CHECK-LABEL: rank.program @in_place groups [#rank.group<[2], [1]>]
// CHECK: %[[C:.*]] = rank.buffer comm at 0 : memref<8x32xf32>
// CHECK: rank.gemm {{.*}}, %[[C]]
// CHECK: rank.collective all_reduce sum %[[C]] -> %[[C]] group 0
func.func @in_place(%x: tensor<8x16xf32>, %w: tensor<16x32xf32>) -> tensor<8x32xf32> {
  %0 = graph.dot %x, %w batch [] x [] contract [1] x [0] : (tensor<8x16xf32>, tensor<16x32xf32>) -> tensor<8x32xf32>
  %1 = dist.all_reduce sum %0 on @m{"tp"} : tensor<8x32xf32> -> tensor<8x32xf32>
  %2 = graph.neg %1 : tensor<8x32xf32> -> tensor<8x32xf32>
  return %2 : tensor<8x32xf32>
}

// -----

dist.mesh @m <"dp"=2, "tp"=2>

// What is read again is not overwritten.
// CHECK-LABEL: rank.program @kept
// CHECK: %[[A:.*]] = rank.buffer comm {{.*}} : memref<8xf32>
// CHECK: %[[B:.*]] = rank.buffer arena {{.*}} : memref<8xf32>
// CHECK: rank.collective all_reduce sum %[[A]] -> %[[B]]
func.func @kept(%x: tensor<8xf32>) -> tensor<8xf32> {
  %0 = graph.exp %x : tensor<8xf32> -> tensor<8xf32>
  %1 = dist.all_reduce sum %0 on @m{"tp"} : tensor<8xf32> -> tensor<8xf32>
  %2 = graph.add %0, %1 : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return %2 : tensor<8xf32>
}

// -----

dist.mesh @m <"dp"=2, "tp"=3>

// The rank's own index comes from the environment, at its group's number.
// CHECK-LABEL: rank.program @mask
// CHECK: func.func private
// CHECK-SAME: memref<1xi64>)
// CHECK: arith.select
func.func @mask(%x: tensor<4x3xf32>) -> tensor<4x3xf32> {
  %0 = dist.mask %x dim 1 size 8 value 0.0 : f32 on @m{"tp"} : tensor<4x3xf32> -> tensor<4x3xf32>
  return %0 : tensor<4x3xf32>
}
