// RUN: vescale-opt %s --split-input-file --rank-order-work | FileCheck %s

// The sum of an input's gradient is used at once. The weight's gradient, which
// is not, goes behind it.
// CHECK-LABEL: rank.program @tensor_parallel
// CHECK: rank.kernel @dy
// CHECK-NEXT: rank.kernel @dx
// CHECK-NEXT: %[[T:.*]] = rank.collective
// CHECK-NEXT: rank.wait %[[T]]
// CHECK-NEXT: rank.kernel @dw
// CHECK-NEXT: rank.kernel @use
rank.program @tensor_parallel groups [#rank.group<[2], [1]>] attributes {mesh = #dist.mesh_axes<"tp"=2>} {
  rank.entry "main"
  %x = rank.buffer arena : memref<8xf32>
  rank.port input "x" %x global tensor<8xf32> : memref<8xf32>
  %dy = rank.buffer arena : memref<8xf32>
  rank.kernel @dy(%x : memref<8xf32>) -> (%dy : memref<8xf32>) over [8] flops 1 origin "dy"
  %dw = rank.buffer arena : memref<8xf32>
  rank.kernel @dw(%x, %dy : memref<8xf32>, memref<8xf32>) -> (%dw : memref<8xf32>) over [8] flops 1 origin "dw"
  %dx = rank.buffer comm : memref<8xf32>
  rank.kernel @dx(%dy : memref<8xf32>) -> (%dx : memref<8xf32>) over [8] flops 1 origin "dx"
  %t = rank.collective all_reduce sum %dx -> %dx group 0 origin "tp" : memref<8xf32> -> memref<8xf32>
  rank.wait %t
  %next = rank.buffer arena : memref<8xf32>
  rank.kernel @use(%dx : memref<8xf32>) -> (%next : memref<8xf32>) over [8] flops 1 origin "use"
  rank.port output "dw" %dw global tensor<8xf32> : memref<8xf32>
  rank.port output "next" %next global tensor<8xf32> : memref<8xf32>
}

// -----

// Both sums are used at the same place: to start the first later, for the sake
// of the second, gains nothing.
// CHECK-LABEL: rank.program @data_parallel
// CHECK: rank.kernel @dy
// CHECK: rank.kernel @dw
// CHECK: rank.collective {{.*}} "dw"
// CHECK: rank.kernel @dv
// CHECK: rank.collective {{.*}} "dv"
// CHECK: rank.kernel @norm
rank.program @data_parallel groups [#rank.group<[2], [1]>] attributes {mesh = #dist.mesh_axes<"dp"=2>} {
  rank.entry "main"
  %x = rank.buffer arena : memref<8xf32>
  rank.port input "x" %x global tensor<8xf32> : memref<8xf32>
  %dy = rank.buffer arena : memref<8xf32>
  rank.kernel @dy(%x : memref<8xf32>) -> (%dy : memref<8xf32>) over [8] flops 1 origin "dy"
  %dw = rank.buffer comm : memref<8xf32>
  rank.kernel @dw(%dy : memref<8xf32>) -> (%dw : memref<8xf32>) over [8] flops 1 origin "dw"
  %t = rank.collective all_reduce sum %dw -> %dw group 0 origin "dw" : memref<8xf32> -> memref<8xf32>
  rank.wait %t
  %dv = rank.buffer comm : memref<8xf32>
  rank.kernel @dv(%dy : memref<8xf32>) -> (%dv : memref<8xf32>) over [8] flops 1 origin "dv"
  %u = rank.collective all_reduce sum %dv -> %dv group 0 origin "dv" : memref<8xf32> -> memref<8xf32>
  rank.wait %u
  %norm = rank.buffer arena : memref<8xf32>
  rank.kernel @norm(%dv, %dw : memref<8xf32>, memref<8xf32>) -> (%norm : memref<8xf32>) over [8] flops 1 origin "norm"
  rank.port output "norm" %norm global tensor<8xf32> : memref<8xf32>
}

// -----

// With more work behind the use a weight's gradient can wait, and takes its own
// sum along.
// CHECK-LABEL: rank.program @both
// CHECK: rank.kernel @dx
// CHECK-NEXT: %[[T:.*]] = rank.collective {{.*}} "tp"
// CHECK-NEXT: rank.wait %[[T]]
// CHECK-NEXT: rank.kernel @dw
// CHECK-NEXT: %[[U:.*]] = rank.collective {{.*}} "dp"
// CHECK-NEXT: rank.wait %[[U]]
// CHECK-NEXT: rank.kernel @use
// CHECK-NEXT: rank.kernel @norm
rank.program @both groups [#rank.group<[2], [1]>, #rank.group<[2], [2]>] attributes {mesh = #dist.mesh_axes<"dp"=2, "tp"=2>} {
  rank.entry "main"
  %x = rank.buffer arena : memref<8xf32>
  rank.port input "x" %x global tensor<8xf32> : memref<8xf32>
  %dw = rank.buffer comm : memref<8xf32>
  rank.kernel @dw(%x : memref<8xf32>) -> (%dw : memref<8xf32>) over [8] flops 1 origin "dw"
  %u = rank.collective all_reduce sum %dw -> %dw group 1 origin "dp" : memref<8xf32> -> memref<8xf32>
  rank.wait %u
  %dx = rank.buffer comm : memref<8xf32>
  rank.kernel @dx(%x : memref<8xf32>) -> (%dx : memref<8xf32>) over [8] flops 1 origin "dx"
  %t = rank.collective all_reduce sum %dx -> %dx group 0 origin "tp" : memref<8xf32> -> memref<8xf32>
  rank.wait %t
  %next = rank.buffer arena : memref<8xf32>
  rank.kernel @use(%dx : memref<8xf32>) -> (%next : memref<8xf32>) over [8] flops 9 origin "use"
  %norm = rank.buffer arena : memref<8xf32>
  rank.kernel @norm(%next, %dw : memref<8xf32>, memref<8xf32>) -> (%norm : memref<8xf32>) over [8] flops 1 origin "norm"
  rank.port output "norm" %norm global tensor<8xf32> : memref<8xf32>
}

// -----

// Attention waits for two transfers. The product that the second one needs can
// stand behind the first one's start.
// CHECK-LABEL: rank.program @heads
// CHECK: rank.kernel @v
// CHECK: rank.kernel @split_v
// CHECK: rank.collective {{.*}} "v"
// CHECK: rank.kernel @q
// CHECK: rank.kernel @split_q
// CHECK: rank.collective {{.*}} "q"
// CHECK: rank.kernel @use
rank.program @heads groups [#rank.group<[2], [1]>] attributes {mesh = #dist.mesh_axes<"sp"=2>} {
  rank.entry "main"
  %x = rank.buffer arena : memref<8xf32>
  rank.port input "x" %x global tensor<8xf32> : memref<8xf32>
  %q = rank.buffer arena : memref<8xf32>
  rank.kernel @q(%x : memref<8xf32>) -> (%q : memref<8xf32>) over [8] flops 1 origin "q"
  %v = rank.buffer arena : memref<8xf32>
  rank.kernel @v(%x : memref<8xf32>) -> (%v : memref<8xf32>) over [8] flops 1 origin "v"
  %v2 = rank.buffer comm : memref<8xf32>
  rank.kernel @split_v(%v : memref<8xf32>) -> (%v2 : memref<8xf32>) over [8] flops 1 origin "split_v"
  %v3 = rank.buffer comm : memref<8xf32>
  %t = rank.collective all_to_all sum %v2 -> %v3 group 0 split [0] concat [0] origin "v" : memref<8xf32> -> memref<8xf32>
  rank.wait %t
  %q2 = rank.buffer comm : memref<8xf32>
  rank.kernel @split_q(%q : memref<8xf32>) -> (%q2 : memref<8xf32>) over [8] flops 1 origin "split_q"
  %q3 = rank.buffer comm : memref<8xf32>
  %u = rank.collective all_to_all sum %q2 -> %q3 group 0 split [0] concat [0] origin "q" : memref<8xf32> -> memref<8xf32>
  rank.wait %u
  %out = rank.buffer arena : memref<8xf32>
  rank.kernel @use(%v3, %q3 : memref<8xf32>, memref<8xf32>) -> (%out : memref<8xf32>) over [8] flops 1 origin "use"
  rank.port output "out" %out global tensor<8xf32> : memref<8xf32>
}

// -----

// To keep the large buffer any longer would need more memory.
// CHECK-LABEL: rank.program @memory
// CHECK: rank.kernel @large
// CHECK: rank.kernel @dw
// CHECK: rank.kernel @other
// CHECK: rank.kernel @dx
// CHECK: rank.collective
rank.program @memory groups [#rank.group<[2], [1]>] attributes {mesh = #dist.mesh_axes<"tp"=2>} {
  rank.entry "main"
  %x = rank.buffer arena : memref<8xf32>
  rank.port input "x" %x global tensor<8xf32> : memref<8xf32>
  %large = rank.buffer arena : memref<64xf32>
  rank.kernel @large(%x : memref<8xf32>) -> (%large : memref<64xf32>) over [8] flops 1 origin "large"
  %dw = rank.buffer arena : memref<8xf32>
  rank.kernel @dw(%large : memref<64xf32>) -> (%dw : memref<8xf32>) over [8] flops 1 origin "dw"
  %other = rank.buffer arena : memref<64xf32>
  rank.kernel @other(%x : memref<8xf32>) -> (%other : memref<64xf32>) over [8] flops 1 origin "other"
  %dx = rank.buffer comm : memref<8xf32>
  rank.kernel @dx(%other : memref<64xf32>) -> (%dx : memref<8xf32>) over [8] flops 1 origin "dx"
  %t = rank.collective all_reduce sum %dx -> %dx group 0 origin "tp" : memref<8xf32> -> memref<8xf32>
  rank.wait %t
  %next = rank.buffer arena : memref<8xf32>
  rank.kernel @use(%dx : memref<8xf32>) -> (%next : memref<8xf32>) over [8] flops 1 origin "use"
  rank.port output "dw" %dw global tensor<8xf32> : memref<8xf32>
  rank.port output "next" %next global tensor<8xf32> : memref<8xf32>
}

// -----

// Work stays behind the checks before it, although no buffer says so.
// CHECK-LABEL: rank.program @check
// CHECK: rank.kernel @check
// CHECK: rank.kernel @dx
// CHECK: rank.collective
rank.program @check groups [#rank.group<[2], [1]>] attributes {mesh = #dist.mesh_axes<"tp"=2>} {
  rank.entry "main"
  %x = rank.buffer arena : memref<8xf32>
  rank.port input "x" %x global tensor<8xf32> : memref<8xf32>
  rank.kernel @check(%x : memref<8xf32>) -> () over [8] flops 1 origin "index check"
  %dx = rank.buffer comm : memref<8xf32>
  rank.kernel @dx(%x : memref<8xf32>) -> (%dx : memref<8xf32>) over [8] flops 1 origin "dx"
  %t = rank.collective all_reduce sum %dx -> %dx group 0 origin "tp" : memref<8xf32> -> memref<8xf32>
  rank.wait %t
  %next = rank.buffer arena : memref<8xf32>
  rank.kernel @use(%dx : memref<8xf32>) -> (%next : memref<8xf32>) over [8] flops 1 origin "use"
  rank.port output "next" %next global tensor<8xf32> : memref<8xf32>
}

// -----

// What is held back comes behind work that another transfer waits for.
// CHECK-LABEL: rank.program @two_transfers
// CHECK: rank.kernel @dx
// CHECK: rank.collective {{.*}} "dx"
// CHECK: rank.kernel @delta
// CHECK: rank.collective {{.*}} "delta"
// CHECK: rank.kernel @dw
// CHECK: rank.kernel @use
rank.program @two_transfers groups [#rank.group<[2], [1]>] attributes {mesh = #dist.mesh_axes<"sp"=2>} {
  rank.entry "main"
  %x = rank.buffer arena : memref<8xf32>
  rank.port input "x" %x global tensor<8xf32> : memref<8xf32>
  %dw = rank.buffer arena : memref<8xf32>
  rank.kernel @dw(%x : memref<8xf32>) -> (%dw : memref<8xf32>) over [8] flops 1 origin "dw"
  %dx = rank.buffer comm : memref<8xf32>
  rank.kernel @dx(%x : memref<8xf32>) -> (%dx : memref<8xf32>) over [8] flops 1 origin "dx"
  %dx2 = rank.buffer comm : memref<8xf32>
  %t = rank.collective all_to_all sum %dx -> %dx2 group 0 split [0] concat [0] origin "dx" : memref<8xf32> -> memref<8xf32>
  rank.wait %t
  %delta = rank.buffer comm : memref<2xf32>
  rank.kernel @delta(%x : memref<8xf32>) -> (%delta : memref<2xf32>) over [2] flops 1 origin "delta"
  %delta2 = rank.buffer comm : memref<2xf32>
  %u = rank.collective all_to_all sum %delta -> %delta2 group 0 split [0] concat [0] origin "delta" : memref<2xf32> -> memref<2xf32>
  rank.wait %u
  %out = rank.buffer arena : memref<8xf32>
  rank.kernel @use(%dx2, %delta2 : memref<8xf32>, memref<2xf32>) -> (%out : memref<8xf32>) over [8] flops 1 origin "use"
  rank.port output "dw" %dw global tensor<8xf32> : memref<8xf32>
  rank.port output "out" %out global tensor<8xf32> : memref<8xf32>
}

// -----

// While the second transfer is under way there is work for what the first has
// brought, which goes ahead of the second one's use.
// CHECK-LABEL: rank.program @ahead
// CHECK: rank.kernel @use_k
// CHECK-NEXT: rank.kernel @dw_k
// CHECK-NEXT: rank.kernel @use_q
// CHECK-NEXT: rank.kernel @dw_q
rank.program @ahead groups [#rank.group<[2], [1]>] attributes {mesh = #dist.mesh_axes<"sp"=2>} {
  rank.entry "main"
  %x = rank.buffer arena : memref<8xf32>
  rank.port input "x" %x global tensor<8xf32> : memref<8xf32>
  %k = rank.buffer comm : memref<8xf32>
  %q = rank.buffer comm : memref<8xf32>
  rank.kernel @grad(%x : memref<8xf32>) -> (%k, %q : memref<8xf32>, memref<8xf32>) over [8] flops 1 origin "grad"
  %k2 = rank.buffer comm : memref<8xf32>
  %t = rank.collective all_to_all sum %k -> %k2 group 0 split [0] concat [0] origin "k" : memref<8xf32> -> memref<8xf32>
  rank.wait %t
  %q2 = rank.buffer comm : memref<8xf32>
  %u = rank.collective all_to_all sum %q -> %q2 group 0 split [0] concat [0] origin "q" : memref<8xf32> -> memref<8xf32>
  rank.wait %u
  %k3 = rank.buffer arena : memref<8xf32>
  rank.kernel @use_k(%k2 : memref<8xf32>) -> (%k3 : memref<8xf32>) over [8] flops 1 origin "use"
  %q3 = rank.buffer arena : memref<8xf32>
  rank.kernel @use_q(%q2 : memref<8xf32>) -> (%q3 : memref<8xf32>) over [8] flops 1 origin "use"
  %dk = rank.buffer arena : memref<8xf32>
  rank.kernel @dw_k(%k3 : memref<8xf32>) -> (%dk : memref<8xf32>) over [8] flops 1 origin "dw"
  %dq = rank.buffer arena : memref<8xf32>
  rank.kernel @dw_q(%q3 : memref<8xf32>) -> (%dq : memref<8xf32>) over [8] flops 1 origin "dw"
  rank.port output "dk" %dk global tensor<8xf32> : memref<8xf32>
  rank.port output "dq" %dq global tensor<8xf32> : memref<8xf32>
}
