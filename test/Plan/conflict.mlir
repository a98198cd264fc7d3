// RUN: vescale-opt %s --dist-propagate --verify-diagnostics

// Two seeds that cannot both hold: what moves is named, with both origins.

dist.mesh @mesh <"tp"=2>

// expected-note @+1 {{it is sharded for the batch}}
func.func @main(%x: tensor<8x16xf32> {dist.seed = #dist.seed<<@mesh, [{"tp"}, {}]>, 0, false, "the batch">}) -> tensor<8x32xf32> {
  %w = graph.parameter "w" {dist.seed = #dist.seed<<@mesh, [{}, {"tp"}]>, 0, false, "the weight">} : tensor<16x32xf32>
  // expected-remark @+2 {{moves operand 0 from {"tp"} to {} along dimension 0}}
  // expected-note @+1 {{operand 1 dimension 1 is sharded {"tp"} for the weight}}
  %0 = graph.dot %x, %w batch [] x [] contract [1] x [0] : (tensor<8x16xf32>, tensor<16x32xf32>) -> tensor<8x32xf32>
  return %0 : tensor<8x32xf32>
}
