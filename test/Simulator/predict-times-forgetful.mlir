// RUN: vescale-opt %s --rank-predict-times=cluster=%S/Inputs/forgetful.json | FileCheck %s

// The first of two turns finds nothing in the cache: 8,192 bytes from memory
// and a launch, 9.192 µs. Half of that is there when the second one begins, as
// long after: 4,096 bytes come from memory in 4.096 µs, 4,096 from the cache in
// 1.024; and a launch.
//
// CHECK-LABEL: rank.program @shared
// CHECK: rank.kernel @twice
// CHECK-SAME: predicted_from = "3072 flop, 4096 B memory, 4095 B cache"
// CHECK-SAME: predicted_us = "6.120"
rank.program @shared groups [] arena 8192 comm 0 attributes {mesh = #dist.mesh_axes<"dp"=1>} {
  rank.entry "main"
  %a = rank.buffer arena at 0 : memref<16x64xf32>
  %b = rank.buffer arena at 4096 : memref<16x64xf32>
  rank.port input "a" %a global tensor<16x64xf32> : memref<16x64xf32>
  rank.kernel @twice(%a : memref<16x64xf32>) -> (%b : memref<16x64xf32>) over [1024] flops 5 origin "mul"
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
