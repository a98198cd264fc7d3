// A program that forgets a sum disagrees with itself, and the ranks are named.
// RUN: not vescale-interp %s --ranks --field 2>&1 | FileCheck %s
// CHECK: result 0: ranks 0 and 1 should both hold element 0, but hold different values

dist.mesh @m <"tp"=2>
func.func @main(%x: tensor<2x3xf32> {graph.global = tensor<2x6xf32, #dist.layout<@m, [{}, {"tp"}]>>})
    -> (tensor<2xf32> {graph.global = tensor<2xf32, #dist.layout<@m, [{}]>>}) {
  %0 = graph.reduce sum %x dims [1] : tensor<2x3xf32> -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
