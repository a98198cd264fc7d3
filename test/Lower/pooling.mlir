// Small windows are written out, without branches and loops of their own, in
// the loops over rows and columns. Larger ones are looped over: they would be
// pages of code.
// RUN: vescale-opt %s --split-input-file --graph-lower-to-rank | FileCheck %s

// CHECK-LABEL: func.func private @kernel_0
// CHECK-COUNT-2: scf.for
// CHECK-NOT: {{scf.(for|if)}}
// CHECK-COUNT-9: arith.cmpf ogt
// CHECK-NOT: {{scf.(for|if)}}
// CHECK-NOT: arith.cmpf ogt
// CHECK: memref.store
func.func @place(%x: tensor<1x2x8x8xf32>) -> tensor<1x2x4x4xi32> {
  %0 = graph.pool_place max %x window [3, 3] strides [2, 2] dilations [1, 1] pad [1, 1] x [1, 1]
    : tensor<1x2x8x8xf32> -> tensor<1x2x4x4xi32>
  return %0 : tensor<1x2x4x4xi32>
}

// -----

// Of windows with a stride only those that may reach an element are asked.
// CHECK-LABEL: func.func private @kernel_0
// CHECK-COUNT-2: scf.for
// CHECK-NOT: {{scf.(for|if)}}
// CHECK-COUNT-4: arith.addf
// CHECK-NOT: {{scf.(for|if)|arith.addf}}
// CHECK: memref.store
func.func @unpool(%g: tensor<1x2x4x4xf32>, %p: tensor<1x2x4x4xi32>) -> tensor<1x2x8x8xf32> {
  %0 = graph.unpool %g at %p window [3, 3] strides [2, 2] dilations [1, 1] pad [1, 1] x [1, 1]
    : (tensor<1x2x4x4xf32>, tensor<1x2x4x4xi32>) -> tensor<1x2x8x8xf32>
  return %0 : tensor<1x2x8x8xf32>
}

// -----

// CHECK-LABEL: func.func private @kernel_0
// CHECK-COUNT-3: scf.for
// CHECK-NOT: scf.for
// CHECK-COUNT-12: arith.maximumf
// CHECK-NOT: arith.maximumf
// CHECK: memref.store
func.func @large(%x: tensor<1x2x13x13xf32>) -> tensor<1x2x2x2xf32> {
  %0 = graph.pool max %x window [12, 12] strides [1, 1] dilations [1, 1] pad [0, 0] x [0, 0]
    : tensor<1x2x13x13xf32> -> tensor<1x2x2x2xf32>
  return %0 : tensor<1x2x2x2xf32>
}

// -----

// 25 windows of 25 places: a loop over rows of windows, one row written out.
// CHECK-LABEL: func.func private @kernel_0
// CHECK-COUNT-3: scf.for
// CHECK-NOT: scf.for
// CHECK-COUNT-130: arith.mulf
// CHECK-NOT: arith.mulf
// CHECK: memref.store
func.func @product(%x: tensor<1x2x12x12xf32>, %g: tensor<1x2x12x12xf32>) -> tensor<1x2x12x12xf32> {
  %0 = graph.pool_grad prod %x, %g window [5, 5] strides [1, 1] dilations [1, 1] pad [2, 2] x [2, 2]
    : (tensor<1x2x12x12xf32>, tensor<1x2x12x12xf32>) -> tensor<1x2x12x12xf32>
  return %0 : tensor<1x2x12x12xf32>
}
