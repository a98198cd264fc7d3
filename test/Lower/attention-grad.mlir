// Gradients of attention are written where transposes want them; what only an
// unused lse would need is not there; indices are tested before their sums.
// RUN: vescale-opt %s --graph-lower-supported-types --graph-lower-to-rank | FileCheck %s

// CHECK-LABEL: rank.program @main
// CHECK: rank.attention %{{.*}} lse %[[LSE:[^ ]*]] : memref<2x3x5xf32> sizes [2, 3, 3, 5, 5, 4, 4]
// The last numbers but eight are those of query_grad: heads within rows.
// CHECK: rank.attention_grad %{{.*}} lse %[[LSE]] delta %{{.*}} sizes [2, 3, 3, 5, 5, 4, 4]
// CHECK-SAME: 0, 60, 4, 12, 0, 60, 20, 4, 0, 60, 20, 4] scratch
// CHECK: rank.kernel @{{.*}}origin "index check"
// CHECK: rank.scatter_add %{{.*}} at %{{.*}} -> %{{.*}} sizes [1, 10, 7, 12]
// CHECK: rank.attention
// CHECK-NOT: lse
// CHECK-SAME: sizes
func.func @main(%q: tensor<2x3x5x4xf32>, %g: tensor<2x3x5x4xf32>, %d: tensor<2x3x5xf32>, %i: tensor<2x5xi16>)
    -> (tensor<2x5x3x4xf32>, tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>, tensor<7x12xf32>, tensor<2x3x5x4xf32>) {
  %r, %lse = graph.attention %q, %q, %q scale 0.5 causal : (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>) -> tensor<2x3x5x4xf32> lse tensor<2x3x5xf32>
  %dq, %dk, %dv = graph.attention_grad %q, %q, %q result %g lse %lse delta %d scale 0.5 causal
      : (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>, tensor<2x3x5xf32>, tensor<2x3x5xf32>)
      -> (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>)
  %t = graph.transpose %dq perm [0, 2, 1, 3] : tensor<2x3x5x4xf32> -> tensor<2x5x3x4xf32>
  %u = graph.reshape %t : tensor<2x5x3x4xf32> -> tensor<2x5x12xf32>
  %s = graph.scatter_add %u[%i] dim 0 : (tensor<2x5x12xf32>, tensor<2x5xi16>) -> tensor<7x12xf32>
  %r2, %lse2 = graph.attention %dk, %dv, %r scale 0.5 : (tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>) -> tensor<2x3x5x4xf32> lse tensor<2x3x5xf32>
  return %t, %dk, %dv, %s, %r2 : tensor<2x5x3x4xf32>, tensor<2x3x5x4xf32>, tensor<2x3x5x4xf32>, tensor<7x12xf32>, tensor<2x3x5x4xf32>
}
