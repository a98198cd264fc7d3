// A shard's first index that f16 cannot hold: rounding it before the indices are
// added would give other numbers than the program has.
// RUN: vescale-interp %s > %t.whole
// RUN: vescale-opt %s --dist-partition-pipeline | vescale-interp - --ranks > %t.ranks
// RUN: diff %t.whole %t.ranks

dist.mesh @m <"a"=2>
func.func @main() -> tensor<4098xf16, #dist.layout<@m, [{"a"}]>> {
  %0 = graph.iota dim 0 : tensor<4098xf16, #dist.layout<@m, [{"a"}]>>
  return %0 : tensor<4098xf16, #dist.layout<@m, [{"a"}]>>
}
