// RUN: vescale-opt %s --dist-apply-default-layouts="mesh=dp=2,tp=2" | FileCheck %s
// RUN: vescale-opt %s --dist-apply-default-layouts="mesh=dp=1,tp=1" | FileCheck %s --check-prefix=ONE

// CHECK-DAG: #[[COLUMNS:layout[0-9]*]] = #dist.layout<@mesh, [{}, {"tp"}]>
// CHECK-DAG: #[[ROWS:layout[0-9]*]] = #dist.layout<@mesh, [{"tp"}, {}]>
// CHECK-DAG: #[[LAST:layout[0-9]*]] = #dist.layout<@mesh, [{}, {}, {"tp"}]>
// CHECK: dist.mesh @mesh <"dp"=2, "tp"=2>

// ONE-NOT: dist.seed

// CHECK-LABEL: func @mlp
// CHECK-SAME: dist.seed = #dist.seed<<@mesh, [{"dp"}, {}]>, 0, false, "\22dp\22 on the batch">
func.func @mlp(%x: tensor<8x16xf32> {graph.name = "x"}) -> tensor<8x16xf32> {
  %w1 = graph.parameter "up" : tensor<16x30xf32>
  %w2 = graph.parameter "down" : tensor<30x16xf32>
  %h = graph.dot %x, %w1 batch [] x [] contract [1] x [0]
    : (tensor<8x16xf32>, tensor<16x30xf32>) -> tensor<8x30xf32>
  // CHECK: graph.silu {{.*}} {dist.seed = #dist.seed<#[[COLUMNS]], 0, false, "\22tp\22 on a hidden dimension">}
  %r = graph.silu %h : tensor<8x30xf32> -> tensor<8x30xf32>
  %y = graph.dot %r, %w2 batch [] x [] contract [1] x [0]
    : (tensor<8x30xf32>, tensor<30x16xf32>) -> tensor<8x16xf32>
  return %y : tensor<8x16xf32>
}

// Something between the weights needs the dimension whole.
// CHECK-LABEL: func @norm_between
func.func @norm_between(%x: tensor<1x16xf32>) -> tensor<1x16xf32> {
  %w1 = graph.parameter "up" : tensor<16x30xf32>
  %w2 = graph.parameter "down" : tensor<30x16xf32>
  %h = graph.dot %x, %w1 batch [] x [] contract [1] x [0]
    : (tensor<1x16xf32>, tensor<16x30xf32>) -> tensor<1x30xf32>
  // CHECK-NOT: dist.seed
  %r = graph.rms_norm %h axis 1 epsilon 1.0e-5 : tensor<1x30xf32> -> tensor<1x30xf32>
  %y = graph.dot %r, %w2 batch [] x [] contract [1] x [0]
    : (tensor<1x30xf32>, tensor<30x16xf32>) -> tensor<1x16xf32>
  return %y : tensor<1x16xf32>
}

// CHECK-LABEL: func @vocabulary
func.func @vocabulary(%ids: tensor<1x4xi64>) -> tensor<1x4x503xf32> {
  // CHECK: graph.parameter "tokens" {dist.seed = #dist.seed<#[[ROWS]], 0, false, "\22tp\22 on the vocabulary">}
  %tokens = graph.parameter "tokens" : tensor<503x8xf32>
  // CHECK: graph.parameter "kinds" : tensor<2x8xf32>
  %kinds = graph.parameter "kinds" : tensor<2x8xf32>
  %head = graph.parameter "head" : tensor<503x8xf32>
  %e = graph.take %tokens[%ids] axis 0 : (tensor<503x8xf32>, tensor<1x4xi64>) -> tensor<1x4x8xf32>
  %k = graph.take %kinds[%ids] axis 0 : (tensor<2x8xf32>, tensor<1x4xi64>) -> tensor<1x4x8xf32>
  %s = graph.add %e, %k : (tensor<1x4x8xf32>, tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  // CHECK: graph.dot {{.*}} {dist.seed = #dist.seed<#[[LAST]], 0, false,
  %logits = graph.dot %s, %head batch [] x [] contract [2] x [1]
    : (tensor<1x4x8xf32>, tensor<503x8xf32>) -> tensor<1x4x503xf32>
  return %logits : tensor<1x4x503xf32>
}
