// One key head that all query heads share cannot be sharded: all but the first
// rank would attend to padding.
// RUN: vescale-opt %s --dist-partition --verify-diagnostics

dist.mesh @m <"a"=2>
func.func @main(%q: tensor<1x2x3x4xf32, #dist.layout<@m, [{}, {}, {}, {}]>>, %k: tensor<1x1x3x4xf32, #dist.layout<@m, [{}, {"a"}, {}, {}]>>)
    -> tensor<1x2x3x4xf32, #dist.layout<@m, [{}, {}, {}, {}]>> {
  // expected-error @+1 {{operand 1 is sharded {"a"} along dimension 1, which its sharding rule does not allow}}
  %0 = graph.attention %q, %k, %k scale 0.5 : (tensor<1x2x3x4xf32, #dist.layout<@m, [{}, {}, {}, {}]>>, tensor<1x1x3x4xf32, #dist.layout<@m, [{}, {"a"}, {}, {}]>>, tensor<1x1x3x4xf32, #dist.layout<@m, [{}, {"a"}, {}, {}]>>) -> tensor<1x2x3x4xf32, #dist.layout<@m, [{}, {}, {}, {}]>>
  return %0 : tensor<1x2x3x4xf32, #dist.layout<@m, [{}, {}, {}, {}]>>
}
