// Indices of a type that cannot hold the table's size: positions in the table
// are computed in a wider one.
// RUN: vescale-interp %s --field --seed=1 --int-range=100 > %t.whole
// RUN: vescale-opt %s --dist-partition-pipeline | vescale-interp - --ranks --field --seed=1 --int-range=100 > %t.ranks
// RUN: diff %t.whole %t.ranks

dist.mesh @m <"a"=2>
func.func @main(%t: tensor<200xf32, #dist.layout<@m, [{"a"}]>>, %i: tensor<40xi8, #dist.layout<@m, [{}]>>)
    -> tensor<40xf32, #dist.layout<@m, [{}]>> {
  %0 = graph.take %t[%i] axis 0 : (tensor<200xf32, #dist.layout<@m, [{"a"}]>>, tensor<40xi8, #dist.layout<@m, [{}]>>) -> tensor<40xf32, #dist.layout<@m, [{}], partial = sum{"a"}>>
  %1 = dist.reshard %0 : tensor<40xf32, #dist.layout<@m, [{}], partial = sum{"a"}>> -> tensor<40xf32, #dist.layout<@m, [{}]>>
  return %1 : tensor<40xf32, #dist.layout<@m, [{}]>>
}
