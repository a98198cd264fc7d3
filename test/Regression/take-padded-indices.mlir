// Indices whose shards have padding: what the padding holds is no index.
// RUN: vescale-interp %s --field --seed=1 > %t.whole
// RUN: vescale-opt %s --dist-partition-pipeline | vescale-interp - --ranks --field --seed=1 > %t.ranks
// RUN: diff %t.whole %t.ranks

dist.mesh @m <"a"=2>
func.func @main(%t: tensor<4x3xf32, #dist.layout<@m, [{}, {}]>>, %i: tensor<5xi64, #dist.layout<@m, [{"a"}]>>)
    -> tensor<5x3xf32, #dist.layout<@m, [{"a"}, {}]>> {
  %0 = graph.take %t[%i] axis 0 : (tensor<4x3xf32, #dist.layout<@m, [{}, {}]>>, tensor<5xi64, #dist.layout<@m, [{"a"}]>>) -> tensor<5x3xf32, #dist.layout<@m, [{"a"}, {}]>>
  return %0 : tensor<5x3xf32, #dist.layout<@m, [{"a"}, {}]>>
}
