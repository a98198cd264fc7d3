// RUN: vescale-opt %s --dist-propagate=remark-bytes=256 --verify-diagnostics
// RUN: vescale-opt %s --dist-propagate=remark-bytes=257 2>&1 | FileCheck %s --check-prefix=QUIET

// Two seeds that cannot both hold: what moves is named, with both origins and
// the bytes of half the input, 4 x 16 x 4. Less than the threshold is not worth
// a remark.

// QUIET-NOT: remark:

dist.mesh @mesh <"tp"=2>

// expected-note @+1 {{it is sharded for the batch}}
func.func @main(%x: tensor<8x16xf32> {dist.seed = #dist.seed<<@mesh, [{"tp"}, {}]>, 0, false, "the batch">}) -> tensor<8x32xf32> {
  %w = graph.parameter "w" {dist.seed = #dist.seed<<@mesh, [{}, {"tp"}]>, 0, false, "the weight">} : tensor<16x32xf32>
  // expected-remark @+3 {{moves operand 0 from {"tp"} to {} along dimension 0, which makes each rank send 256 bytes}}
  // expected-note @+2 {{a plan file that gives both the same axes}}
  // expected-note @+1 {{operand 1 dimension 1 is sharded {"tp"} for the weight}}
  %0 = graph.dot %x, %w batch [] x [] contract [1] x [0] : (tensor<8x16xf32>, tensor<16x32xf32>) -> tensor<8x32xf32>
  return %0 : tensor<8x32xf32>
}
