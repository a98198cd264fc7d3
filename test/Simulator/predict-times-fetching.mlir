// RUN: vescale-opt %s --split-input-file --rank-predict-times=cluster=%S/Inputs/fetching.json | FileCheck %s

// The product has 2·16·64·64 operations, 131.072 µs, and adds 24,576 bytes from
// memory at 2 a nanosecond, 12.288 µs; the epilogue 1,024 points of 3
// operations, 3.072 µs, and what it writes, 4,096 bytes at half a byte a
// nanosecond, 8.192 µs; and a launch. What it reads is the product's result.
//
// CHECK-LABEL: rank.program @epilogue
// CHECK: rank.gemm
// CHECK-SAME: predicted_from = "f32 1x16x64x64, 24576 B memory, 0 B cache; epilogue 3072 flop, 4096 B memory, 0 B cache"
// CHECK-SAME: predicted_us = "155.624"
rank.program @epilogue groups [] arena 28672 comm 0 attributes {mesh = #dist.mesh_axes<"dp"=1>} {
  rank.entry "main"
  %a = rank.buffer arena at 0 : memref<16x64xf32>
  %b = rank.buffer arena at 4096 : memref<64x64xf32>
  %c = rank.buffer arena at 20480 : memref<16x64xf32>
  %d = rank.buffer arena at 24576 : memref<16x64xf32>
  rank.port input "a" %a global tensor<16x64xf32> : memref<16x64xf32>
  rank.port input "b" %b global tensor<64x64xf32> : memref<64x64xf32>
  rank.gemm %a [0, 0, 0, 64, 0], %b [0, 0, 0, 64, 0], %c [0, 0, 0, 64, 0] sizes [1, 1, 16, 64, 64] epilogue @twice(%c : memref<16x64xf32>) -> (%d : memref<16x64xf32>) origin "dot+mul" : memref<16x64xf32>, memref<64x64xf32>, memref<16x64xf32>
}
func.func private @twice(%in: memref<1024xf32>, %out: memref<1024xf32>, %lo: index, %hi: index, %lo1: index, %hi1: index, %env: memref<1xi64>) {
  %c1 = arith.constant 1 : index
  scf.for %i = %lo to %hi step %c1 {
    %x = memref.load %in[%i] : memref<1024xf32>
    %y = arith.addf %x, %x : f32
    memref.store %y, %out[%i] : memref<1024xf32>
  }
  return
}

// -----

// As in predict-times.mlir, 120.040 µs, and four tensors of 2,048 bytes from
// memory at 2 bytes a nanosecond, 4.096 µs.
//
// CHECK-LABEL: rank.program @attends
// CHECK: rank.attention
// CHECK-SAME: predicted_from = "f32 products 49152 flop, others 20736 flop, 8192 B memory, 0 B cache"
// CHECK-SAME: predicted_us = "124.136"
rank.program @attends groups [] arena 8192 comm 0 attributes {mesh = #dist.mesh_axes<"dp"=1>} {
  rank.entry "main"
  %q = rank.buffer arena at 0 : memref<1x1x32x16xf32>
  %k = rank.buffer arena at 2048 : memref<1x1x32x16xf32>
  %v = rank.buffer arena at 4096 : memref<1x1x32x16xf32>
  %o = rank.buffer arena at 6144 : memref<1x1x32x16xf32>
  rank.port input "q" %q global tensor<1x1x32x16xf32> : memref<1x1x32x16xf32>
  rank.port input "k" %k global tensor<1x1x32x16xf32> : memref<1x1x32x16xf32>
  rank.port input "v" %v global tensor<1x1x32x16xf32> : memref<1x1x32x16xf32>
  rank.attention %q [0, 512, 512, 16], %k [0, 512, 512, 16], %v [0, 512, 512, 16] -> %o [0, 512, 512, 16] sizes [1, 1, 1, 32, 32, 16, 16] scale 0.25 softcap 0.0 window 0 causal origin "attention" : memref<1x1x32x16xf32>, memref<1x1x32x16xf32>, memref<1x1x32x16xf32>, memref<1x1x32x16xf32>
}
