// Attention with lse and its gradient: text and back, and on several ranks what
// they are on one.
// RUN: vescale-opt %s | vescale-opt | FileCheck %s
// RUN: vescale-interp %s --field > %t.whole
// RUN: vescale-opt %s --graph-lower-supported-types -o %t.mlir
// RUN: FileCheck %s --check-prefix=MADE < %t.mlir
// RUN: vescale-interp %t.mlir --field | diff %t.whole -

// CHECK: %[[RESULT:.*]], %[[LSE:.*]] = graph.attention %{{.*}}, %{{.*}}, %{{.*}} mask %{{.*}} : tensor<2x1x6x7xf64> scale 3.000000e-01 softcap 2.000000e+00 causal window 3 : (tensor<2x4x6x8xf64>, tensor<2x2x7x8xf64>, tensor<2x2x7x5xf64>) -> tensor<2x4x6x5xf64> lse tensor<2x4x6xf64>
// CHECK: graph.attention_grad %{{.*}}, %{{.*}}, %{{.*}} mask %{{.*}} : tensor<2x1x6x7xf64> result %{{.*}} lse %[[LSE]] delta %{{.*}} scale 3.000000e-01 softcap 2.000000e+00 causal window 3 :
// MADE-NOT: graph.attention
func.func @main(%q: tensor<2x4x6x8xf64> {graph.name = "q"}, %k: tensor<2x2x7x8xf64> {graph.name = "k"}, %v: tensor<2x2x7x5xf64> {graph.name = "v"},
                %m: tensor<2x1x6x7xf64> {graph.name = "m"}, %g: tensor<2x4x6x5xf64> {graph.name = "g"}, %d: tensor<2x4x6xf64> {graph.name = "d"})
    -> (tensor<2x4x6x5xf64>, tensor<2x4x6x8xf64>, tensor<2x2x7x8xf64>, tensor<2x2x7x5xf64>) {
  %r, %lse = graph.attention %q, %k, %v mask %m : tensor<2x1x6x7xf64> scale 0.3 softcap 2.0 causal window 3
      : (tensor<2x4x6x8xf64>, tensor<2x2x7x8xf64>, tensor<2x2x7x5xf64>) -> tensor<2x4x6x5xf64> lse tensor<2x4x6xf64>
  %dq, %dk, %dv = graph.attention_grad %q, %k, %v mask %m : tensor<2x1x6x7xf64> result %g lse %lse delta %d scale 0.3 softcap 2.0 causal window 3
      : (tensor<2x4x6x8xf64>, tensor<2x2x7x8xf64>, tensor<2x2x7x5xf64>, tensor<2x4x6x5xf64>, tensor<2x4x6xf64>, tensor<2x4x6xf64>)
      -> (tensor<2x4x6x8xf64>, tensor<2x2x7x8xf64>, tensor<2x2x7x5xf64>)
  return %r, %dq, %dk, %dv : tensor<2x4x6x5xf64>, tensor<2x4x6x8xf64>, tensor<2x2x7x8xf64>, tensor<2x2x7x5xf64>
}
