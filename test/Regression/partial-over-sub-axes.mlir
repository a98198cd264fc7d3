// A value that is partial over both halves of an axis is partial over the axis.
// RUN: vescale-interp %s --field --seed=1 > %t.whole
// RUN: vescale-opt %s --dist-partition-pipeline | vescale-interp - --ranks --field --seed=1 > %t.ranks
// RUN: diff %t.whole %t.ranks

dist.mesh @m <"a"=4, "b"=2>
func.func @main(%x: tensor<8x4xf32, #dist.layout<@m, [{"a":(1)2}, {"a":(2)2}]>>)
    -> tensor<f32, #dist.layout<@m, []>> {
  %0 = graph.reduce sum %x dims [0, 1] : tensor<8x4xf32, #dist.layout<@m, [{"a":(1)2}, {"a":(2)2}]>> -> tensor<f32, #dist.layout<@m, [], partial = sum{"a":(1)2, "a":(2)2}>>
  %1 = dist.reshard %0 : tensor<f32, #dist.layout<@m, [], partial = sum{"a":(1)2, "a":(2)2}>> -> tensor<f32, #dist.layout<@m, [], partial = sum{"a"}>>
  %2 = graph.neg %1 : tensor<f32, #dist.layout<@m, [], partial = sum{"a"}>> -> tensor<f32, #dist.layout<@m, [], partial = sum{"a"}>>
  %3 = dist.reshard %2 : tensor<f32, #dist.layout<@m, [], partial = sum{"a"}>> -> tensor<f32, #dist.layout<@m, []>>
  return %3 : tensor<f32, #dist.layout<@m, []>>
}
