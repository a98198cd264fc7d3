// RUN: vescale-opt %s --split-input-file --rank-schedule-collectives | FileCheck %s
// RUN: vescale-opt %s --split-input-file --rank-schedule-collectives="bucket-bytes=0 ahead=1" | FileCheck %s --check-prefix=ALONE

// Two sums go together, as soon as the second is ready, and are waited for
// before the first of their uses.
// CHECK-LABEL: rank.program @bucket
// CHECK: rank.kernel @a
// CHECK-NEXT: rank.kernel @b
// CHECK-NEXT: %[[T:.*]] = rank.collective all_reduce sum %[[A:.*]], %[[B:.*]] -> %[[A]], %[[B]] group 0 origin "x; y"
// CHECK-NEXT: rank.kernel @work
// CHECK-NEXT: rank.wait %[[T]]
// CHECK-NEXT: rank.kernel @use_a
// CHECK-NEXT: rank.kernel @use_b

// Alone each starts when it is ready.
// ALONE-LABEL: rank.program @bucket
// ALONE: rank.kernel @a
// ALONE-NEXT: %[[A:.*]] = rank.collective {{.*}} "x"
// ALONE-NEXT: rank.kernel @b
// ALONE-NEXT: %[[B:.*]] = rank.collective {{.*}} "y"
// ALONE-NEXT: rank.kernel @work
// ALONE-NEXT: rank.wait %[[A]]
// ALONE-NEXT: rank.kernel @use_a
// ALONE-NEXT: rank.wait %[[B]]
// ALONE-NEXT: rank.kernel @use_b
rank.program @bucket groups [#rank.group<[2], [1]>] attributes {mesh = #dist.mesh_axes<"dp"=2>} {
  rank.entry "main"
  %in = rank.buffer arena : memref<8xf32>
  %a = rank.buffer comm : memref<8xf32>
  %b = rank.buffer comm : memref<8xf32>
  %c = rank.buffer arena : memref<8xf32>
  rank.port input "in" %in global tensor<8xf32> : memref<8xf32>
  rank.kernel @a(%in : memref<8xf32>) -> (%a : memref<8xf32>) over [8] flops 1 origin "a"
  rank.kernel @b(%in : memref<8xf32>) -> (%b : memref<8xf32>) over [8] flops 1 origin "b"
  rank.kernel @work(%in : memref<8xf32>) -> (%c : memref<8xf32>) over [8] flops 1 origin "work"
  %t = rank.collective all_reduce sum %a -> %a group 0 origin "x" : memref<8xf32> -> memref<8xf32>
  rank.wait %t
  %u = rank.collective all_reduce sum %b -> %b group 0 origin "y" : memref<8xf32> -> memref<8xf32>
  rank.wait %u
  rank.kernel @use_a(%a : memref<8xf32>) -> (%c : memref<8xf32>) over [8] flops 1 origin "use"
  rank.kernel @use_b(%b : memref<8xf32>) -> (%c : memref<8xf32>) over [8] flops 1 origin "use"
}

// -----

// The second is ready after the first one's use: neither waits for the other.
// CHECK-LABEL: rank.program @apart
// CHECK: rank.kernel @a
// CHECK-NEXT: %[[T:.*]] = rank.collective {{.*}} "x"
// CHECK-NEXT: rank.wait %[[T]]
// CHECK-NEXT: rank.kernel @use_a
// CHECK-NEXT: %[[U:.*]] = rank.collective {{.*}} "y"
// CHECK-NEXT: rank.wait %[[U]]
// CHECK-NEXT: rank.kernel @use_b
rank.program @apart groups [#rank.group<[2], [1]>] attributes {mesh = #dist.mesh_axes<"dp"=2>} {
  rank.entry "main"
  %in = rank.buffer arena : memref<8xf32>
  %a = rank.buffer comm : memref<8xf32>
  %b = rank.buffer comm : memref<8xf32>
  %c = rank.buffer arena : memref<8xf32>
  rank.port input "in" %in global tensor<8xf32> : memref<8xf32>
  rank.kernel @a(%in : memref<8xf32>) -> (%a : memref<8xf32>) over [8] flops 1 origin "a"
  %t = rank.collective all_reduce sum %a -> %a group 0 origin "x" : memref<8xf32> -> memref<8xf32>
  rank.wait %t
  rank.kernel @use_a(%a : memref<8xf32>) -> (%b : memref<8xf32>) over [8] flops 1 origin "use"
  %u = rank.collective all_reduce sum %b -> %b group 0 origin "y" : memref<8xf32> -> memref<8xf32>
  rank.wait %u
  rank.kernel @use_b(%b : memref<8xf32>) -> (%c : memref<8xf32>) over [8] flops 1 origin "use"
}

// -----

// Gathers of parameters, one ahead: the second is under way while the first is
// computed with, the third not before the second's first use.
// ALONE-LABEL: rank.program @prefetch
// ALONE: %[[T:.*]] = rank.collective all_gather {{.*}} "first"
// ALONE: rank.wait %[[T]]
// ALONE: %[[U:.*]] = rank.collective all_gather {{.*}} "second"
// ALONE-NEXT: rank.kernel @first
// ALONE-NEXT: rank.wait %[[U]]
// ALONE: %[[V:.*]] = rank.collective all_gather {{.*}} "third"
// ALONE-NEXT: rank.kernel @second
// ALONE-NEXT: rank.wait %[[V]]
// ALONE-NEXT: rank.kernel @third
rank.program @prefetch groups [#rank.group<[2], [1]>] attributes {mesh = #dist.mesh_axes<"dp"=2>} {
  rank.entry "main"
  %p = rank.buffer arena : memref<4xf32>
  rank.port input "p" %p global tensor<4xf32> : memref<4xf32>
  %x = rank.buffer arena : memref<8xf32>
  %a = rank.buffer comm : memref<8xf32>
  %t = rank.collective all_gather sum %p -> %a group 0 concat [0] origin "first" : memref<4xf32> -> memref<8xf32>
  rank.wait %t
  rank.kernel @first(%a : memref<8xf32>) -> (%x : memref<8xf32>) over [8] flops 1 origin "use"
  %b = rank.buffer comm : memref<8xf32>
  %u = rank.collective all_gather sum %p -> %b group 0 concat [0] origin "second" : memref<4xf32> -> memref<8xf32>
  rank.wait %u
  rank.kernel @second(%b : memref<8xf32>) -> (%x : memref<8xf32>) over [8] flops 1 origin "use"
  %c = rank.buffer comm : memref<8xf32>
  %v = rank.collective all_gather sum %p -> %c group 0 concat [0] origin "third" : memref<4xf32> -> memref<8xf32>
  rank.wait %v
  rank.kernel @third(%c : memref<8xf32>) -> (%x : memref<8xf32>) over [8] flops 1 origin "use"
}

// -----

// One that takes another's result comes behind it, with work between or not.
// CHECK-LABEL: rank.program @chain
// CHECK: rank.kernel @a
// CHECK-NEXT: %[[T:.*]] = rank.collective reduce_scatter
// CHECK-NEXT: rank.kernel @work
// CHECK-NEXT: rank.wait %[[T]]
// CHECK-NEXT: %[[U:.*]] = rank.collective all_reduce
// CHECK-NEXT: rank.wait %[[U]]
// CHECK-NEXT: rank.kernel @use
rank.program @chain groups [#rank.group<[2], [1]>, #rank.group<[2], [2]>] attributes {mesh = #dist.mesh_axes<"dp"=4>} {
  rank.entry "main"
  %in = rank.buffer arena : memref<8xf32>
  %a = rank.buffer comm : memref<8xf32>
  %b = rank.buffer comm : memref<4xf32>
  %c = rank.buffer arena : memref<8xf32>
  rank.port input "in" %in global tensor<8xf32> : memref<8xf32>
  rank.kernel @a(%in : memref<8xf32>) -> (%a : memref<8xf32>) over [8] flops 1 origin "a"
  rank.kernel @work(%in : memref<8xf32>) -> (%c : memref<8xf32>) over [8] flops 1 origin "work"
  %t = rank.collective reduce_scatter sum %a -> %b group 0 split [0] origin "x" : memref<8xf32> -> memref<4xf32>
  rank.wait %t
  %u = rank.collective all_reduce sum %b -> %b group 1 origin "y" : memref<4xf32> -> memref<4xf32>
  rank.wait %u
  rank.kernel @use(%b : memref<4xf32>) -> (%c : memref<8xf32>) over [8] flops 1 origin "use"
}

// -----

// A second sum over the shards: the parts of the first one go together all the
// same, and then those of the second.
// CHECK-LABEL: rank.program @chains
// CHECK: %[[T:.*]] = rank.collective reduce_scatter {{.*}} "x; y"
// CHECK: rank.wait %[[T]]
// CHECK-NEXT: %[[U:.*]] = rank.collective all_reduce {{.*}} "v; w"
// CHECK-NEXT: rank.wait %[[U]]
// CHECK: rank.kernel @use

// Alone the first is waited for when two others have started behind it.
// ALONE-LABEL: rank.program @chains
// ALONE: %[[T:.*]] = rank.collective reduce_scatter {{.*}} "x"
// ALONE: rank.kernel @b
// ALONE-NEXT: rank.collective reduce_scatter {{.*}} "y"
// ALONE-NEXT: rank.kernel @c
// ALONE: rank.collective reduce_scatter {{.*}} "z"
// ALONE-NEXT: rank.wait %[[T]]
// ALONE-NEXT: rank.collective all_reduce {{.*}} "v"
// ALONE: rank.kernel @work
rank.program @chains groups [#rank.group<[2], [1]>, #rank.group<[2], [2]>] attributes {mesh = #dist.mesh_axes<"dp"=4>} {
  rank.entry "main"
  %in = rank.buffer arena : memref<8xf32>
  %a = rank.buffer comm : memref<8xf32>
  %b = rank.buffer comm : memref<8xf32>
  %c = rank.buffer comm : memref<8xf32>
  %d = rank.buffer comm : memref<4xf32>
  %e = rank.buffer comm : memref<4xf32>
  %f = rank.buffer comm : memref<4xf32>
  %g = rank.buffer arena : memref<8xf32>
  rank.port input "in" %in global tensor<8xf32> : memref<8xf32>
  rank.kernel @a(%in : memref<8xf32>) -> (%a : memref<8xf32>) over [8] flops 1 origin "a"
  %t = rank.collective reduce_scatter sum %a -> %d group 0 split [0] origin "x" : memref<8xf32> -> memref<4xf32>
  rank.wait %t
  %v = rank.collective all_reduce sum %d -> %d group 1 origin "v" : memref<4xf32> -> memref<4xf32>
  rank.wait %v
  rank.kernel @b(%in : memref<8xf32>) -> (%b : memref<8xf32>) over [8] flops 1 origin "b"
  %u = rank.collective reduce_scatter sum %b -> %e group 0 split [0] origin "y" : memref<8xf32> -> memref<4xf32>
  rank.wait %u
  %w = rank.collective all_reduce sum %e -> %e group 1 origin "w" : memref<4xf32> -> memref<4xf32>
  rank.wait %w
  rank.kernel @c(%in : memref<8xf32>) -> (%c : memref<8xf32>) over [8] flops 1 origin "c"
  %z = rank.collective reduce_scatter max %c -> %f group 0 split [0] origin "z" : memref<8xf32> -> memref<4xf32>
  rank.wait %z
  rank.kernel @work(%in : memref<8xf32>) -> (%g : memref<8xf32>) over [8] flops 1 origin "work"
  rank.kernel @use(%d, %e, %f : memref<4xf32>, memref<4xf32>, memref<4xf32>) -> (%g : memref<8xf32>) over [8] flops 1 origin "use"
}

// -----

// Only so many are under way at once.
// ALONE-LABEL: rank.program @window
// ALONE-COUNT-4: rank.collective
// ALONE: rank.wait
// ALONE-NEXT: rank.collective
rank.program @window groups [#rank.group<[2], [1]>] attributes {mesh = #dist.mesh_axes<"dp"=2>} {
  rank.entry "main"
  %in = rank.buffer arena : memref<8xf32>
  rank.port input "in" %in global tensor<8xf32> : memref<8xf32>
  %a = rank.buffer comm : memref<8xf32>
  %b = rank.buffer comm : memref<8xf32>
  %c = rank.buffer comm : memref<8xf32>
  %d = rank.buffer comm : memref<8xf32>
  %e = rank.buffer comm : memref<8xf32>
  rank.kernel @many(%in : memref<8xf32>) -> (%a, %b, %c, %d, %e : memref<8xf32>, memref<8xf32>, memref<8xf32>, memref<8xf32>, memref<8xf32>) over [8] flops 1 origin "a"
  rank.kernel @work(%in : memref<8xf32>) -> (%in : memref<8xf32>) over [8] flops 1 origin "work"
  %t = rank.collective all_reduce sum %a -> %a group 0 origin "x" : memref<8xf32> -> memref<8xf32>
  rank.wait %t
  %u = rank.collective all_reduce sum %b -> %b group 0 origin "x" : memref<8xf32> -> memref<8xf32>
  rank.wait %u
  %v = rank.collective all_reduce sum %c -> %c group 0 origin "x" : memref<8xf32> -> memref<8xf32>
  rank.wait %v
  %w = rank.collective all_reduce sum %d -> %d group 0 origin "x" : memref<8xf32> -> memref<8xf32>
  rank.wait %w
  %z = rank.collective all_reduce sum %e -> %e group 0 origin "x" : memref<8xf32> -> memref<8xf32>
  rank.wait %z
}

// -----

// A sum that nobody needs for long yields to a transfer that is ready soon and
// used at once, which would be late behind it.
// ALONE-LABEL: rank.program @yield
// ALONE: rank.kernel @dw
// ALONE-NEXT: rank.kernel @dx
// ALONE-NEXT: %[[T:.*]] = rank.collective {{.*}} "dx"
// ALONE-NEXT: %[[U:.*]] = rank.collective {{.*}} "dw"
// ALONE-NEXT: rank.wait %[[T]]
// ALONE-NEXT: rank.kernel @use
// ALONE-NEXT: rank.wait %[[U]]
// ALONE-NEXT: rank.kernel @norm
rank.program @yield groups [#rank.group<[2], [1]>] attributes {mesh = #dist.mesh_axes<"sp"=2>} {
  rank.entry "main"
  %in = rank.buffer arena : memref<8xf32>
  %dw = rank.buffer comm : memref<64xf32>
  %dx = rank.buffer comm : memref<8xf32>
  %dx2 = rank.buffer comm : memref<8xf32>
  %c = rank.buffer arena : memref<8xf32>
  rank.port input "in" %in global tensor<8xf32> : memref<8xf32>
  rank.kernel @dw(%in : memref<8xf32>) -> (%dw : memref<64xf32>) over [64] flops 1 origin "dw"
  %t = rank.collective all_reduce sum %dw -> %dw group 0 origin "dw" : memref<64xf32> -> memref<64xf32>
  rank.wait %t
  rank.kernel @dx(%in : memref<8xf32>) -> (%dx : memref<8xf32>) over [8] flops 1 origin "dx"
  %u = rank.collective all_to_all sum %dx -> %dx2 group 0 split [0] concat [0] origin "dx" : memref<8xf32> -> memref<8xf32>
  rank.wait %u
  rank.kernel @use(%dx2 : memref<8xf32>) -> (%c : memref<8xf32>) over [8] flops 1 origin "use"
  rank.kernel @norm(%dw, %c : memref<64xf32>, memref<8xf32>) -> (%c : memref<8xf32>) over [8] flops 1 origin "norm"
}

// -----

// It does not if most of its transfer would be over before the other is ready.
// ALONE-LABEL: rank.program @no_yield
// ALONE: rank.kernel @dw
// ALONE-NEXT: rank.collective {{.*}} "dw"
// ALONE-NEXT: rank.kernel @dx
// ALONE-NEXT: rank.collective {{.*}} "dx"
rank.program @no_yield groups [#rank.group<[2], [1]>] attributes {mesh = #dist.mesh_axes<"sp"=2>} {
  rank.entry "main"
  %in = rank.buffer arena : memref<8xf32>
  %dw = rank.buffer comm : memref<64xf32>
  %dx = rank.buffer comm : memref<8xf32>
  %dx2 = rank.buffer comm : memref<8xf32>
  %c = rank.buffer arena : memref<8xf32>
  rank.port input "in" %in global tensor<8xf32> : memref<8xf32>
  rank.kernel @dw(%in : memref<8xf32>) -> (%dw : memref<64xf32>) over [64] flops 1 origin "dw"
  %t = rank.collective all_reduce sum %dw -> %dw group 0 origin "dw" : memref<64xf32> -> memref<64xf32>
  rank.wait %t
  rank.kernel @dx(%in : memref<8xf32>) -> (%dx : memref<8xf32>) over [8] flops 100 origin "dx"
  %u = rank.collective all_to_all sum %dx -> %dx2 group 0 split [0] concat [0] origin "dx" : memref<8xf32> -> memref<8xf32>
  rank.wait %u
  rank.kernel @use(%dx2 : memref<8xf32>) -> (%c : memref<8xf32>) over [8] flops 1 origin "use"
  rank.kernel @norm(%dw, %c : memref<64xf32>, memref<8xf32>) -> (%c : memref<8xf32>) over [8] flops 1 origin "norm"
}
