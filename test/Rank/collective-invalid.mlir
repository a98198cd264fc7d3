// RUN: vescale-opt %s --split-input-file --verify-diagnostics

// What a collective under way reads may be read, and nothing more.
rank.program @reads groups [#rank.group<[2], [1]>] attributes {mesh = #dist.mesh_axes<"tp"=2>} {
  %a = rank.buffer comm : memref<4xf32>
  %b = rank.buffer comm : memref<4xf32>
  %c = rank.buffer arena : memref<4xf32>
  rank.port input "a" %a global tensor<4xf32> : memref<4xf32>
  // expected-note @+1 {{the collective under way}}
  %t = rank.collective all_reduce sum %a -> %b group 0 origin "test" : memref<4xf32> -> memref<4xf32>
  rank.kernel @k(%a : memref<4xf32>) -> (%c : memref<4xf32>) over [4] flops 1 origin "neg"
  // expected-error @+1 {{reads what a collective still writes}}
  rank.kernel @k(%b : memref<4xf32>) -> (%c : memref<4xf32>) over [4] flops 1 origin "neg"
  rank.wait %t
}

// -----

rank.program @writes groups [#rank.group<[2], [1]>] attributes {mesh = #dist.mesh_axes<"tp"=2>} {
  %a = rank.buffer comm : memref<4xf32>
  %b = rank.buffer comm : memref<4xf32>
  %c = rank.buffer arena : memref<4xf32>
  rank.port input "a" %a global tensor<4xf32> : memref<4xf32>
  rank.port input "c" %c global tensor<4xf32> : memref<4xf32>
  // expected-note @+1 {{the collective under way}}
  %t = rank.collective all_reduce sum %a -> %b group 0 origin "test" : memref<4xf32> -> memref<4xf32>
  // expected-error @+1 {{writes what a collective still uses}}
  rank.kernel @k(%c : memref<4xf32>) -> (%a : memref<4xf32>) over [4] flops 1 origin "neg"
  rank.wait %t
}

// -----

rank.program @entries groups [#rank.group<[2], [1]>] attributes {mesh = #dist.mesh_axes<"tp"=2>} {
  rank.entry "main"
  %a = rank.buffer comm : memref<4xf32>
  rank.port input "a" %a global tensor<4xf32> : memref<4xf32>
  // expected-note @+1 {{the collective under way}}
  %t = rank.collective all_reduce sum %a -> %a group 0 origin "test" : memref<4xf32> -> memref<4xf32>
  // expected-error @+1 {{begins before a collective is done}}
  rank.entry "eval"
  rank.wait %t
}

// -----

rank.program @endless groups [#rank.group<[2], [1]>] attributes {mesh = #dist.mesh_axes<"tp"=2>} {
  %a = rank.buffer comm : memref<4xf32>
  rank.port input "a" %a global tensor<4xf32> : memref<4xf32>
  // expected-error @+1 {{is not waited for exactly once}}
  %t = rank.collective all_reduce sum %a -> %a group 0 origin "test" : memref<4xf32> -> memref<4xf32>
}

// -----

// Buffers live until the wait.
rank.program @lifetime groups [#rank.group<[2], [1]>] arena 64 comm 64 attributes {mesh = #dist.mesh_axes<"tp"=2>} {
  // expected-note @+1 {{the other buffer}}
  %a = rank.buffer comm at 0 : memref<4xf32>
  // expected-error @+1 {{overlaps a buffer that lives at the same time}}
  %b = rank.buffer comm at 0 : memref<4xf32>
  %c = rank.buffer arena at 0 : memref<4xf32>
  rank.port input "c" %c global tensor<4xf32> : memref<4xf32>
  rank.kernel @k(%c : memref<4xf32>) -> (%a : memref<4xf32>) over [4] flops 1 origin "neg"
  %t = rank.collective all_reduce sum %a -> %a group 0 origin "test" : memref<4xf32> -> memref<4xf32>
  rank.kernel @k(%c : memref<4xf32>) -> (%b : memref<4xf32>) over [4] flops 1 origin "neg"
  rank.wait %t
}
