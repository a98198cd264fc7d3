// RUN: vescale-opt %s --dist-partition --split-input-file --verify-diagnostics

#x = #dist.layout<@m, [{"tp"}, {}]>
#y = #dist.layout<@m, [{}, {"tp"}]>
dist.mesh @m <"tp"=2>
func.func @mismatch(%x: tensor<4x4xf32, #x>, %y: tensor<4x4xf32, #y>)
    -> tensor<4x4xf32, #x> {
  // expected-error @+1 {{operand 1 dimension 0 must be sharded as operand 0 dimension 0}}
  %0 = graph.add %x, %y : (tensor<4x4xf32, #x>, tensor<4x4xf32, #y>) -> tensor<4x4xf32, #x>
  return %0 : tensor<4x4xf32, #x>
}

// -----

#r = #dist.layout<@m, [{}]>
#p = #dist.layout<@m, [{}], partial = sum{"tp"}>
dist.mesh @m <"tp"=2>
func.func @nonlinear(%x: tensor<4xf32, #p>) -> tensor<4xf32, #p> {
  // expected-error @+1 {{does not commute with a sum: operand 0 must not be partial here}}
  %0 = graph.exp %x : tensor<4xf32, #p> -> tensor<4xf32, #p>
  return %0 : tensor<4xf32, #p>
}

// -----

#x = #dist.layout<@m, [{}, {"tp"}]>
dist.mesh @m <"tp"=2>
func.func @whole(%x: tensor<4x4xf32, #x>) -> tensor<4x4xf32, #x> {
  // expected-error @+1 {{operand 0 is sharded {"tp"} along dimension 1, which its sharding rule does not allow}}
  %0 = graph.softmax %x dim 1 : tensor<4x4xf32, #x> -> tensor<4x4xf32, #x>
  return %0 : tensor<4x4xf32, #x>
}
