// RUN: vescale-opt %s --split-input-file --rank-predict-times=cluster=%S/Inputs/round.json | FileCheck %s
// RUN: vescale-opt %s --split-input-file --rank-predict-times=cluster=%S/Inputs/no-spare-core.json | FileCheck %s --check-prefix=BUSY
// RUN: sed 's/"overlap"/"slowdown": 2, "overlap"/' %S/Inputs/round.json > %t.json
// RUN: vescale-opt %s --split-input-file --rank-predict-times=cluster=%t.json | FileCheck %s --check-prefix=SLOW

// All buffers fit into the cache, where a step before has left them.
//
// The product has 2·16·64·64 = 131,072 operations, a microsecond is 1,000; then
// a launch. A sum of 4,096 bytes is a point of the curve. Both kernels have
// 1,024 points of 3 operations (a load, an addition, a store), 3.072 µs, longer
// than 8,192 bytes from the cache take.
// A core that is free works beside the sum: 132.072 + 50 + 4.072; one that moves
// the bytes itself can't: 132.072 + 50 + 2 · 4.072.
//
// CHECK-LABEL: rank.program @hides
// CHECK-SAME: predicted_compute_us = "140.216"
// CHECK-SAME: predicted_exposed_us = "45.928"
// CHECK-SAME: predicted_step_us = "186.144"
// CHECK: rank.gemm
// CHECK-SAME: predicted_from = "f32 1x16x64x64, 0 B memory, 24576 B cache; epilogue 0 flop, 0 B memory, 0 B cache"
// CHECK-SAME: predicted_us = "132.072"
// CHECK: rank.collective
// CHECK-SAME: predicted_from = "all_reduce 4096 B among 2"
// CHECK-SAME: predicted_us = "50.000"
// CHECK: rank.kernel @twice
// CHECK-SAME: predicted_from = "3072 flop, 0 B memory, 8192 B cache"
// CHECK-SAME: predicted_us = "4.072"
// CHECK: rank.wait
// CHECK-NOT: predicted
// CHECK: rank.kernel @twice
// BUSY-LABEL: rank.program @hides
// BUSY-SAME: predicted_compute_us = "140.216"
// BUSY-SAME: predicted_exposed_us = "50.000"
// BUSY-SAME: predicted_step_us = "190.216"
// All of it takes twice as long.
// SLOW-LABEL: rank.program @hides
// SLOW-SAME: predicted_compute_us = "280.432"
// SLOW-SAME: predicted_exposed_us = "91.856"
// SLOW-SAME: predicted_step_us = "372.288"
rank.program @hides groups [#rank.group<[2], [1]>] arena 36864 comm 4096 attributes {mesh = #dist.mesh_axes<"dp"=2>} {
  rank.entry "main"
  %a = rank.buffer arena at 0 : memref<16x64xf32>
  %b = rank.buffer arena at 4096 : memref<64x64xf32>
  %c = rank.buffer comm at 0 : memref<16x64xf32>
  %d = rank.buffer arena at 20480 : memref<16x64xf32>
  rank.port input "a" %a global tensor<16x64xf32> : memref<16x64xf32>
  rank.port input "b" %b global tensor<64x64xf32> : memref<64x64xf32>
  rank.gemm %a [0, 0, 0, 64, 0], %b [0, 0, 0, 64, 0], %c [0, 0, 0, 64, 0] sizes [1, 1, 16, 64, 64] () -> () origin "dot" : memref<16x64xf32>, memref<64x64xf32>, memref<16x64xf32>
  %t = rank.collective all_reduce sum %c -> %c group 0 origin "sum" : memref<16x64xf32> -> memref<16x64xf32>
  rank.kernel @twice(%a : memref<16x64xf32>) -> (%d : memref<16x64xf32>) over [1024] flops 5 origin "mul"
  rank.wait %t
  rank.kernel @twice(%c : memref<16x64xf32>) -> (%d : memref<16x64xf32>) over [1024] flops 5 origin "mul"
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

// Half of a table is read, 32,768 bytes, and as much is written, over and over:
// more than the cache has with what else there is, so that all of it comes from
// memory. 65,536 bytes take 65.536 µs, 8,192 · 3 operations less.
//
// CHECK-LABEL: rank.program @streams
// CHECK: rank.kernel @rows
// CHECK-SAME: predicted_from = "24576 flop, 65536 B memory, 0 B cache"
// CHECK-SAME: predicted_us = "66.536"
// CHECK: rank.kernel @rows
// CHECK-SAME: predicted_from = "24576 flop, 65536 B memory, 0 B cache"
rank.program @streams groups [] arena 196608 comm 0 attributes {mesh = #dist.mesh_axes<"dp"=1>} {
  rank.entry "main"
  %a = rank.buffer arena at 0 : memref<16384xf32>
  %b = rank.buffer arena at 65536 : memref<8192xf32>
  %c = rank.buffer arena at 98304 : memref<16384xf32>
  %d = rank.buffer arena at 163840 : memref<8192xf32>
  rank.port input "a" %a global tensor<16384xf32> : memref<16384xf32>
  rank.port input "c" %c global tensor<16384xf32> : memref<16384xf32>
  rank.kernel @rows(%a : memref<16384xf32>) -> (%b : memref<8192xf32>) over [8192] flops 5 origin "mul"
  rank.kernel @rows(%c : memref<16384xf32>) -> (%d : memref<8192xf32>) over [8192] flops 5 origin "mul"
}
func.func private @rows(%in: memref<16384xf32>, %out: memref<8192xf32>, %lo: index, %hi: index, %lo1: index, %hi1: index, %env: memref<1xi64>) {
  %c1 = arith.constant 1 : index
  scf.for %i = %lo to %hi step %c1 {
    %x = memref.load %in[%i] : memref<16384xf32>
    %y = arith.addf %x, %x : f32
    memref.store %y, %out[%i] : memref<8192xf32>
  }
  return
}

// -----

// One head, 32 queries and keys of 16 features: causal, strips of 16 queries
// see 16 and 32 keys, 16·16 + 16·32 = 768 pairs. Each has 2·(16 + 16) operations
// of products at half of the peak, 49,152 of them, 98.304 µs, and 27 others,
// 20.736 µs; and a launch.
//
// CHECK-LABEL: rank.program @attends
// CHECK: rank.attention
// CHECK-SAME: predicted_from = "f32 products 49152 flop, others 20736 flop, 0 B memory, 8192 B cache"
// CHECK-SAME: predicted_us = "120.040"
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

// -----

// An epilogue runs behind its product: 1,024 points of 3 operations; what it
// writes, 4,096 bytes from the cache, takes less. A division counts as 6, an
// exponential as 20: 1,024 · (6 + 20 + 3) operations of the kernel.
//
// CHECK-LABEL: rank.program @epilogue
// CHECK: rank.gemm
// CHECK-SAME: predicted_from = "f32 1x16x64x64, 0 B memory, 24576 B cache; epilogue 3072 flop, 0 B memory, 4096 B cache"
// CHECK-SAME: predicted_us = "135.144"
// CHECK: rank.kernel @heavy
// CHECK-SAME: predicted_from = "29696 flop, 0 B memory, 8192 B cache"
// CHECK-SAME: predicted_us = "30.696"
rank.program @epilogue groups [] arena 32768 comm 0 attributes {mesh = #dist.mesh_axes<"dp"=1>} {
  rank.entry "main"
  %a = rank.buffer arena at 0 : memref<16x64xf32>
  %b = rank.buffer arena at 4096 : memref<64x64xf32>
  %c = rank.buffer arena at 20480 : memref<16x64xf32>
  %d = rank.buffer arena at 24576 : memref<16x64xf32>
  %e = rank.buffer arena at 28672 : memref<16x64xf32>
  rank.port input "a" %a global tensor<16x64xf32> : memref<16x64xf32>
  rank.port input "b" %b global tensor<64x64xf32> : memref<64x64xf32>
  rank.gemm %a [0, 0, 0, 64, 0], %b [0, 0, 0, 64, 0], %c [0, 0, 0, 64, 0] sizes [1, 1, 16, 64, 64] epilogue @twice(%c : memref<16x64xf32>) -> (%d : memref<16x64xf32>) origin "dot+mul" : memref<16x64xf32>, memref<64x64xf32>, memref<16x64xf32>
  rank.kernel @heavy(%d : memref<16x64xf32>) -> (%e : memref<16x64xf32>) over [1024] flops 31 origin "exp+div"
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
func.func private @heavy(%in: memref<1024xf32>, %out: memref<1024xf32>, %lo: index, %hi: index, %lo1: index, %hi1: index, %env: memref<1xi64>) {
  %c1 = arith.constant 1 : index
  scf.for %i = %lo to %hi step %c1 {
    %x = memref.load %in[%i] : memref<1024xf32>
    %y = math.exp %x : f32
    %z = arith.divf %y, %x : f32
    %w = arith.addf %z, %x : f32
    memref.store %w, %out[%i] : memref<1024xf32>
  }
  return
}

// -----

// Only the entry that a run takes counts.
// CHECK-LABEL: rank.program @entries
// CHECK-SAME: predicted_step_us = "4.072"
// CHECK: rank.entry "eval"
// CHECK-NEXT: rank.kernel
// CHECK-NOT: predicted
rank.program @entries groups [] arena 8192 comm 0 attributes {mesh = #dist.mesh_axes<"dp"=1>} {
  %a = rank.buffer arena at 0 : memref<16x64xf32>
  %d = rank.buffer arena at 4096 : memref<16x64xf32>
  rank.port input "a" %a global tensor<16x64xf32> : memref<16x64xf32>
  rank.entry "main"
  rank.kernel @twice(%a : memref<16x64xf32>) -> (%d : memref<16x64xf32>) over [1024] flops 5 origin "mul"
  rank.entry "eval"
  rank.kernel @twice(%a : memref<16x64xf32>) -> (%d : memref<16x64xf32>) over [1024] flops 5 origin "mul"
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
