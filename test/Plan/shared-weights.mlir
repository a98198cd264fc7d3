// RUN: vescale-opt %s --dist-plan-pipeline=mesh=tp=2 --dist-partition-pipeline --split-input-file | FileCheck %s

// Exporters share equal tensors: here the bias "zero" of a sharded product is
// that of the whole sums after it, too. It stays whole, and the sharded use
// slices it; the residual stream is not drawn into the sharding.

// CHECK-LABEL: func.func @bias
// CHECK: graph.parameter "zero" global tensor<8xf32, #{{.*}}> : tensor<8xf32>
// CHECK: dist.shard_slice {{.*}} : tensor<8xf32> -> tensor<4xf32>
// CHECK-COUNT-1: dist.all_reduce
// CHECK-NOT: dist.{{all|reduce}}
// CHECK: return
func.func @bias(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %up = graph.parameter "up" : tensor<8x8xf32>
  %down = graph.parameter "down" : tensor<8x8xf32>
  %zero = graph.parameter "zero" : tensor<8xf32>
  %b = graph.broadcast %zero dims [1] : tensor<8xf32> -> tensor<4x8xf32>
  %0 = graph.dot %x, %up batch [] x [] contract [1] x [0] : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %1 = graph.add %0, %b : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = graph.relu %1 : tensor<4x8xf32> -> tensor<4x8xf32>
  %3 = graph.dot %2, %down batch [] x [] contract [1] x [0] : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %4 = graph.add %3, %b : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %5 = graph.add %x, %4 : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %5 : tensor<4x8xf32>
}

// -----

// A tied table: the rows are sharded for both uses, and there is one table.

// CHECK-LABEL: func.func @tied
// CHECK-COUNT-1: graph.parameter "table" global tensor<10x4xf32, #{{.*}}> : tensor<5x4xf32>
// CHECK-NOT: graph.parameter
// CHECK: return
func.func @tied(%i: tensor<3xi64>) -> tensor<3x10xf32> {
  %table = graph.parameter "table" : tensor<10x4xf32>
  %0 = graph.take %table[%i] axis 0 : (tensor<10x4xf32>, tensor<3xi64>) -> tensor<3x4xf32>
  %1 = graph.tanh %0 : tensor<3x4xf32> -> tensor<3x4xf32>
  %t = graph.transpose %table perm [1, 0] : tensor<10x4xf32> -> tensor<4x10xf32>
  %2 = graph.dot %1, %t batch [] x [] contract [1] x [0] : (tensor<3x4xf32>, tensor<4x10xf32>) -> tensor<3x10xf32>
  return %2 : tensor<3x10xf32>
}

// -----

// A projection whose result is also a residual makes no hidden dimension.

// CHECK-LABEL: func.func @residual
// CHECK: graph.parameter "project" global tensor<6x8xf32, #{{.*}}> : tensor<6x8xf32>
// CHECK-NOT: dist.reduce_scatter
// CHECK: return
func.func @residual(%x: tensor<4x6xf32>) -> tensor<4x8xf32> {
  %project = graph.parameter "project" : tensor<6x8xf32>
  %up = graph.parameter "up" : tensor<8x8xf32>
  %down = graph.parameter "down" : tensor<8x8xf32>
  %0 = graph.dot %x, %project batch [] x [] contract [1] x [0] : (tensor<4x6xf32>, tensor<6x8xf32>) -> tensor<4x8xf32>
  %1 = graph.dot %0, %up batch [] x [] contract [1] x [0] : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %2 = graph.relu %1 : tensor<4x8xf32> -> tensor<4x8xf32>
  %3 = graph.dot %2, %down batch [] x [] contract [1] x [0] : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %4 = graph.add %0, %3 : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %4 : tensor<4x8xf32>
}
