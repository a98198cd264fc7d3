// RUN: vescale-opt %s --pass-pipeline='builtin.module(dist-plan-pipeline{mesh=tp=2},dist-partition-pipeline)' | FileCheck %s --check-prefix=TP
// RUN: vescale-opt %s --pass-pipeline='builtin.module(dist-plan-pipeline{mesh=tp=2 sp=megatron},dist-partition-pipeline)' | FileCheck %s --check-prefix=SP
// RUN: vescale-opt %s --pass-pipeline='builtin.module(dist-plan-pipeline{mesh=dp=2},dist-partition-pipeline)' | FileCheck %s --check-prefix=DP

// A pre-norm transformer block. Tensor parallel it takes two all-reduces;
// with sequence sharding each becomes a reduce-scatter and an all-gather;
// data parallel it takes nothing.

// TP-LABEL: func @block
// TP: graph.layer_norm
// TP-COUNT-3: graph.dot {{.*}} -> tensor<4x8x16xf32>
// TP: graph.attention {{.*}} -> tensor<4x2x8x8xf32>
// TP: %[[A:.+]] = graph.dot {{.*}} -> tensor<4x8x32xf32>
// TP-NEXT: dist.all_reduce sum %[[A]] on @mesh{"tp"} origin "\22tp\22 on attention heads"
// TP: graph.layer_norm
// TP: graph.gelu {{.*}} -> tensor<4x8x64xf32>
// TP: %[[B:.+]] = graph.dot {{.*}} -> tensor<4x8x32xf32>
// TP-NEXT: dist.all_reduce sum %[[B]] on @mesh{"tp"} origin "\22tp\22 on a hidden dimension"
// TP-NOT: dist.all

// SP-LABEL: func @block
// SP: %[[N:.+]] = graph.layer_norm {{.*}} -> tensor<4x4x32xf32>
// SP: dist.all_gather %[[N]] dim 1 on @mesh{"tp"}
// SP: graph.attention {{.*}} -> tensor<4x2x8x8xf32>
// SP: %[[A:.+]] = graph.dot {{.*}} -> tensor<4x8x32xf32>
// SP-NEXT: dist.reduce_scatter sum %[[A]] dim 1 on @mesh{"tp"}
// SP: %[[M:.+]] = graph.layer_norm {{.*}} -> tensor<4x4x32xf32>
// SP: dist.all_gather %[[M]] dim 1 on @mesh{"tp"}
// SP: %[[B:.+]] = graph.dot {{.*}} -> tensor<4x8x32xf32>
// SP-NEXT: dist.reduce_scatter sum %[[B]] dim 1 on @mesh{"tp"}
// SP-NOT: dist.all_reduce
// SP-NOT: dist.reduce_scatter

// DP-LABEL: func @block
// DP-NOT: dist.all
// DP-NOT: dist.reduce

!x = tensor<4x8x32xf32>
!h = tensor<4x4x8x8xf32>
func.func @block(%x: !x {graph.name = "x"}) -> !x {
  %g1 = graph.parameter "ln_1.weight" : tensor<32xf32>
  %q = graph.parameter "q.weight" : tensor<32x32xf32>
  %k = graph.parameter "k.weight" : tensor<32x32xf32>
  %v = graph.parameter "v.weight" : tensor<32x32xf32>
  %o = graph.parameter "o.weight" : tensor<32x32xf32>
  %g2 = graph.parameter "ln_2.weight" : tensor<32xf32>
  %up = graph.parameter "up.weight" : tensor<32x128xf32>
  %down = graph.parameter "down.weight" : tensor<128x32xf32>
  %n1 = graph.layer_norm %x scale %g1 : tensor<32xf32> axis 2 epsilon 1.0e-5 : !x -> !x
  %0 = graph.dot %n1, %q batch [] x [] contract [2] x [0] : (!x, tensor<32x32xf32>) -> !x
  %1 = graph.dot %n1, %k batch [] x [] contract [2] x [0] : (!x, tensor<32x32xf32>) -> !x
  %2 = graph.dot %n1, %v batch [] x [] contract [2] x [0] : (!x, tensor<32x32xf32>) -> !x
  %3 = graph.reshape %0 : !x -> tensor<4x8x4x8xf32>
  %4 = graph.reshape %1 : !x -> tensor<4x8x4x8xf32>
  %5 = graph.reshape %2 : !x -> tensor<4x8x4x8xf32>
  %6 = graph.transpose %3 perm [0, 2, 1, 3] : tensor<4x8x4x8xf32> -> !h
  %7 = graph.transpose %4 perm [0, 2, 1, 3] : tensor<4x8x4x8xf32> -> !h
  %8 = graph.transpose %5 perm [0, 2, 1, 3] : tensor<4x8x4x8xf32> -> !h
  %9 = graph.attention %6, %7, %8 scale 0.35 causal : (!h, !h, !h) -> !h
  %10 = graph.transpose %9 perm [0, 2, 1, 3] : !h -> tensor<4x8x4x8xf32>
  %11 = graph.reshape %10 : tensor<4x8x4x8xf32> -> !x
  %12 = graph.dot %11, %o batch [] x [] contract [2] x [0] : (!x, tensor<32x32xf32>) -> !x
  %13 = graph.add %x, %12 : (!x, !x) -> !x
  %n2 = graph.layer_norm %13 scale %g2 : tensor<32xf32> axis 2 epsilon 1.0e-5 : !x -> !x
  %14 = graph.dot %n2, %up batch [] x [] contract [2] x [0] : (!x, tensor<32x128xf32>) -> tensor<4x8x128xf32>
  %15 = graph.gelu tanh %14 : tensor<4x8x128xf32> -> tensor<4x8x128xf32>
  %16 = graph.dot %15, %down batch [] x [] contract [2] x [0] : (tensor<4x8x128xf32>, tensor<128x32xf32>) -> !x
  %17 = graph.add %13, %16 : (!x, !x) -> !x
  return %17 : !x
}
