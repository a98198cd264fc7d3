// The heads of attention shard its gradient, although attention has two results.
// Where two ranks share a key head, its gradients are sums over both.
// RUN: vescale-opt %s --dist-plan-pipeline=mesh=tp=4 --dist-partition-pipeline -o %t.mlir
// RUN: FileCheck %s < %t.mlir
// RUN: vescale-interp %s --field > %t.whole
// RUN: vescale-interp %t.mlir --ranks --field | diff %t.whole -

// CHECK: graph.attention {{.*}} -> tensor<1x2x6x8xf32> lse tensor<1x2x6xf32>
// CHECK: %[[Q:.*]], %[[K:.*]], %[[V:.*]] = graph.attention_grad {{.*}} -> (tensor<1x2x6x8xf32>, tensor<1x1x6x8xf32>, tensor<1x1x6x8xf32>)
// CHECK-NOT: dist.all_reduce sum %[[Q]]
// CHECK-DAG: dist.all_reduce sum %[[K]] on @mesh{"tp":(2)2}
// CHECK-DAG: dist.all_reduce sum %[[V]] on @mesh{"tp":(2)2}
func.func @main(%q: tensor<1x8x6x8xf32> {graph.name = "q"}, %k: tensor<1x2x6x8xf32> {graph.name = "k"}, %v: tensor<1x2x6x8xf32> {graph.name = "v"},
                %g: tensor<1x8x6x8xf32> {graph.name = "g"}, %d: tensor<1x8x6xf32> {graph.name = "d"})
    -> (tensor<1x8x6x8xf32> {graph.name = "r"}, tensor<1x8x6x8xf32> {graph.name = "dq"}, tensor<1x2x6x8xf32> {graph.name = "dk"}, tensor<1x2x6x8xf32> {graph.name = "dv"}) {
  %r, %lse = graph.attention %q, %k, %v scale 0.5 causal : (tensor<1x8x6x8xf32>, tensor<1x2x6x8xf32>, tensor<1x2x6x8xf32>) -> tensor<1x8x6x8xf32> lse tensor<1x8x6xf32>
  %dq, %dk, %dv = graph.attention_grad %q, %k, %v result %g lse %lse delta %d scale 0.5 causal
      : (tensor<1x8x6x8xf32>, tensor<1x2x6x8xf32>, tensor<1x2x6x8xf32>, tensor<1x8x6x8xf32>, tensor<1x8x6xf32>, tensor<1x8x6xf32>)
      -> (tensor<1x8x6x8xf32>, tensor<1x2x6x8xf32>, tensor<1x2x6x8xf32>)
  return %r, %dq, %dk, %dv : tensor<1x8x6x8xf32>, tensor<1x8x6x8xf32>, tensor<1x2x6x8xf32>, tensor<1x2x6x8xf32>
}
