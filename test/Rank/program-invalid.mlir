// RUN: vescale-opt %s --split-input-file --verify-diagnostics

rank.program @overlap groups [] arena 128 comm 0 attributes {mesh = #dist.mesh_axes<>} {
  // expected-note @+1 {{the other buffer}}
  %a = rank.buffer arena at 0 : memref<24xf32>
  // expected-error @+1 {{overlaps a buffer that lives at the same time}}
  %b = rank.buffer arena at 64 : memref<16xf32>
  rank.port input "a" %a global tensor<24xf32> : memref<24xf32>
  rank.kernel @k(%a : memref<24xf32>) -> (%b : memref<16xf32>) over [16] flops 1 origin "neg"
  rank.port output "b" %b global tensor<16xf32> : memref<16xf32>
}

// -----

rank.program @outside groups [] arena 64 comm 0 attributes {mesh = #dist.mesh_axes<>} {
  // expected-error @+1 {{ends at byte 96 of 64}}
  %a = rank.buffer arena at 0 : memref<24xf32>
  rank.port input "a" %a global tensor<24xf32> : memref<24xf32>
}

// -----

rank.program @unwritten groups [] attributes {mesh = #dist.mesh_axes<>} {
  %a = rank.buffer arena : memref<16xf32>
  %b = rank.buffer arena : memref<16xf32>
  // expected-error @+1 {{reads a buffer that nothing has written}}
  rank.kernel @k(%a : memref<16xf32>) -> (%b : memref<16xf32>) over [16] flops 1 origin "neg"
}

// -----

rank.program @shards groups [#rank.group<[2], [1]>] attributes {mesh = #dist.mesh_axes<"tp"=2>} {
  %a = rank.buffer comm : memref<3x4xf32>
  %b = rank.buffer arena : memref<8x4xf32>
  rank.port input "a" %a global tensor<3x4xf32> : memref<3x4xf32>
  // expected-error @+1 {{gathers 2 shards of 3 to 8}}
  %t = rank.collective all_gather sum %a -> %b group 0 concat [0] origin "test" : memref<3x4xf32> -> memref<8x4xf32>
  rank.wait %t
}

// -----

rank.program @reach groups [] attributes {mesh = #dist.mesh_axes<>} {
  %a = rank.buffer arena : memref<4x4xf32>
  %b = rank.buffer arena : memref<4x4xf32>
  %c = rank.buffer arena : memref<4x8xf32>
  rank.port input "a" %a global tensor<4x4xf32> : memref<4x4xf32>
  rank.port input "b" %b global tensor<4x4xf32> : memref<4x4xf32>
  // expected-error @+1 {{b reaches element 19 of 16}}
  rank.gemm %a [0, 0, 0, 4, 0], %b [0, 0, 0, 4, 0], %c [0, 0, 0, 8, 0] sizes [1, 1, 4, 8, 4]() -> () origin "dot" : memref<4x4xf32>, memref<4x4xf32>, memref<4x8xf32>
}

// -----

rank.program @statistics groups [] attributes {mesh = #dist.mesh_axes<>} {
  %q = rank.buffer arena : memref<1x2x3x4xf32>
  rank.port input "q" %q global tensor<1x2x3x4xf32> : memref<1x2x3x4xf32>
  %s = rank.buffer arena : memref<1x2x3xf32>
  rank.port input "s" %s global tensor<1x2x3xf32> : memref<1x2x3xf32>
  %d = rank.buffer arena : memref<1x2x4xf32>
  rank.port input "d" %d global tensor<1x2x4xf32> : memref<1x2x4xf32>
  // expected-error @+1 {{needs an f32 for each of 6 queries, but has 'memref<1x2x4xf32>'}}
  rank.attention_grad %q, %q, %q, %q lse %s delta %d -> %q, %q, %q sizes [1, 2, 2, 3, 3, 4, 4]
      layouts [0, 24, 12, 4, 0, 24, 12, 4, 0, 24, 12, 4, 0, 24, 12, 4, 0, 24, 12, 4, 0, 24, 12, 4, 0, 24, 12, 4]
      scale 0.5 softcap 0.0 window 0 origin "attention_grad" : memref<1x2x3x4xf32>, memref<1x2x3x4xf32>, memref<1x2x3x4xf32>, memref<1x2x3x4xf32>, memref<1x2x3xf32>, memref<1x2x4xf32>
      -> memref<1x2x3x4xf32>, memref<1x2x3x4xf32>, memref<1x2x3x4xf32>
}

// -----

rank.program @reach groups [] attributes {mesh = #dist.mesh_axes<>} {
  %q = rank.buffer arena : memref<1x2x3x4xf32>
  rank.port input "q" %q global tensor<1x2x3x4xf32> : memref<1x2x3x4xf32>
  %s = rank.buffer arena : memref<1x2x3xf32>
  rank.port input "s" %s global tensor<1x2x3xf32> : memref<1x2x3xf32>
  // expected-error @+1 {{key_grad reaches element 24 of 24}}
  rank.attention_grad %q, %q, %q, %q lse %s delta %s -> %q, %q, %q sizes [1, 2, 2, 3, 3, 4, 4]
      layouts [0, 24, 12, 4, 0, 24, 12, 4, 0, 24, 12, 4, 0, 24, 12, 4, 0, 24, 12, 4, 1, 24, 12, 4, 0, 24, 12, 4]
      scale 0.5 softcap 0.0 window 0 origin "attention_grad" : memref<1x2x3x4xf32>, memref<1x2x3x4xf32>, memref<1x2x3x4xf32>, memref<1x2x3x4xf32>, memref<1x2x3xf32>, memref<1x2x3xf32>
      -> memref<1x2x3x4xf32>, memref<1x2x3x4xf32>, memref<1x2x3x4xf32>
}

// -----

rank.program @sums groups [] attributes {mesh = #dist.mesh_axes<>} {
  %i = rank.buffer arena : memref<5xi64>
  rank.port input "i" %i global tensor<5xi64> : memref<5xi64>
  %u = rank.buffer arena : memref<5x3xf32>
  rank.port input "u" %u global tensor<5x3xf32> : memref<5x3xf32>
  %r = rank.buffer arena : memref<4x3xf32>
  rank.port input "r" %r global tensor<4x3xf32> : memref<4x3xf32>
  // expected-error @+1 {{result has 12 elements, not 15}}
  rank.scatter_add %u at %i -> %r sizes [1, 5, 5, 3] origin "scatter_add" : memref<5x3xf32>, memref<5xi64> -> memref<4x3xf32>
}

// -----

module attributes {dist.reproducible} {
  rank.program @unordered groups [] attributes {mesh = #dist.mesh_axes<>} {
    %a = rank.buffer arena : memref<4x4xf32>
    %b = rank.buffer arena : memref<4x4xf32>
    %c = rank.buffer arena : memref<4x4xf32>
    rank.port input "a" %a global tensor<4x4xf32> : memref<4x4xf32>
    rank.port input "b" %b global tensor<4x4xf32> : memref<4x4xf32>
    // expected-error @+1 {{adds up in no fixed order, which a reproducible program needs}}
    rank.gemm %a [0, 0, 0, 4, 0], %b [0, 0, 0, 4, 0], %c [0, 0, 0, 4, 0] sizes [1, 1, 4, 4, 4]() -> () origin "dot" : memref<4x4xf32>, memref<4x4xf32>, memref<4x4xf32>
  }
}
