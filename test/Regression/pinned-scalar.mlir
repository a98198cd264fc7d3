// A sum whose layout is fixed is completed for what fixed it, also if it has no
// dimension.
// RUN: vescale-opt %s --dist-propagate | FileCheck %s

dist.mesh @mesh <"tp"=2>
// CHECK: %[[SUM:.*]] = graph.reduce sum
// CHECK-NEXT: dist.reshard %[[SUM]] origin "the plan"
func.func @main(%x: tensor<8xf32> {dist.seed = #dist.seed<<@mesh, [{"tp"}]>, 0, false, "the input">}) -> tensor<f32> {
  %0 = graph.reduce sum %x dims [0] {dist.seed = #dist.seed<<@mesh, []>, 0, true, "the plan">} : tensor<8xf32> -> tensor<f32>
  %1 = graph.exp %0 : tensor<f32> -> tensor<f32>
  return %1 : tensor<f32>
}
