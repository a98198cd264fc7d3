// RUN: vescale-opt %s --graph-lower-to-rank | FileCheck %s

// An entry says what its products cost on this rank, and nothing else counts:
// main 2 · 4 · 8 · 16 and 2 · 4 · 16 · 2, eval the first alone.
// CHECK: rank.entry "main" flops 1280
// CHECK: rank.entry "eval" flops 1024
func.func @main(%x: tensor<4x8xf32> {graph.name = "x"}) -> (tensor<4x2xf32> {graph.name = "y"}) {
  %a = graph.parameter "a" init dense<1.0> : tensor<8x16xf32> : tensor<8x16xf32>
  %b = graph.parameter "b" init dense<1.0> : tensor<16x2xf32> : tensor<16x2xf32>
  %0 = graph.dot %x, %a batch [] x [] contract [1] x [0] : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32>
  %1 = graph.relu %0 : tensor<4x16xf32> -> tensor<4x16xf32>
  %2 = graph.dot %1, %b batch [] x [] contract [1] x [0] : (tensor<4x16xf32>, tensor<16x2xf32>) -> tensor<4x2xf32>
  return %2 : tensor<4x2xf32>
}

func.func @eval(%x: tensor<4x8xf32> {graph.name = "x"}) -> (tensor<4x16xf32> {graph.name = "z"}) {
  %a = graph.parameter "a" init dense<1.0> : tensor<8x16xf32> : tensor<8x16xf32>
  %0 = graph.dot %x, %a batch [] x [] contract [1] x [0] : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32>
  %1 = graph.relu %0 : tensor<4x16xf32> -> tensor<4x16xf32>
  return %1 : tensor<4x16xf32>
}
