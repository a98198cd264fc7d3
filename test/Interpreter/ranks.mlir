// A partitioned program gives on all ranks what the program gives on one.
// RUN: vescale-interp %s --field --random-parameters --seed=3 > %t.whole
// RUN: vescale-opt %s --dist-partition-pipeline \
// RUN:   | vescale-interp - --ranks --field --random-parameters --seed=3 > %t.ranks
// RUN: diff %t.whole %t.ranks
// RUN: FileCheck %s < %t.whole
// CHECK: y: tensor<5x7xf32> hash {{[0-9a-f]+}} min {{.*}} max

dist.mesh @m <"dp"=2, "tp"=2>
func.func @main(%x: tensor<5x6xf32, #dist.layout<@m, [{"dp"}, {}]>> {graph.name = "x"})
    -> (tensor<5x7xf32, #dist.layout<@m, [{"dp"}, {}]>> {graph.name = "y"}) {
  %w = graph.parameter "w" : tensor<6x9xf32, #dist.layout<@m, [{}, {"tp"}]>>
  %v = graph.parameter "v" : tensor<9x7xf32, #dist.layout<@m, [{"tp"}, {}]>>
  %0 = graph.dot %x, %w batch [] x [] contract [1] x [0] : (tensor<5x6xf32, #dist.layout<@m, [{"dp"}, {}]>>, tensor<6x9xf32, #dist.layout<@m, [{}, {"tp"}]>>) -> tensor<5x9xf32, #dist.layout<@m, [{"dp"}, {"tp"}]>>
  %1 = graph.gelu tanh %0 : tensor<5x9xf32, #dist.layout<@m, [{"dp"}, {"tp"}]>> -> tensor<5x9xf32, #dist.layout<@m, [{"dp"}, {"tp"}]>>
  %2 = graph.dot %1, %v batch [] x [] contract [1] x [0] : (tensor<5x9xf32, #dist.layout<@m, [{"dp"}, {"tp"}]>>, tensor<9x7xf32, #dist.layout<@m, [{"tp"}, {}]>>) -> tensor<5x7xf32, #dist.layout<@m, [{"dp"}, {}], partial = sum{"tp"}>>
  %3 = dist.reshard %2 : tensor<5x7xf32, #dist.layout<@m, [{"dp"}, {}], partial = sum{"tp"}>> -> tensor<5x7xf32, #dist.layout<@m, [{"dp"}, {}]>>
  %4 = graph.softmax %3 dim 1 : tensor<5x7xf32, #dist.layout<@m, [{"dp"}, {}]>> -> tensor<5x7xf32, #dist.layout<@m, [{"dp"}, {}]>>
  return %4 : tensor<5x7xf32, #dist.layout<@m, [{"dp"}, {}]>>
}
