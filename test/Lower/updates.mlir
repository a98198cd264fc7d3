// RUN: vescale-opt %s --split-input-file --graph-lower-to-rank | FileCheck %s
// RUN: split-file %s %t
// RUN: vescale-interp %t/momentum.mlir --runs=3 --seed=3 > %t/whole.txt
// RUN: FileCheck %s --check-prefix=THIRD --input-file=%t/whole.txt
// RUN: vescale-interp %t/momentum.mlir --runs=3 --seed=3 --field > %t/whole.txt
// RUN: vescale-opt %t/momentum.mlir --dist-plan-pipeline=mesh=dp=2 --dist-partition-pipeline -o %t/local.mlir
// RUN: vescale-interp %t/local.mlir --ranks --runs=3 --seed=3 --field | diff %t/whole.txt -

//--- momentum.mlir

// The third run sees two updates. New values are written over the old ones by
// the kernels that read them.
// THIRD: steps: tensor<i64> {{.*}} min 2 max 2
// CHECK-LABEL: rank.program @main
// CHECK-DAG: %[[STEP:.*]] = rank.parameter "#step" {{.*}} init dense<0> : tensor<i64> updated
// CHECK-DAG: %[[M:.*]] = rank.parameter "w#momentum" {{.*}} updated
// CHECK-DAG: %[[W:.*]] = rank.parameter "w" {{.*}} updated
// CHECK-NOT: rank.buffer arena : memref<4x8xf32>
// CHECK: rank.kernel {{.*}}(%{{[0-9]+}} : memref<4x8xf32>) -> (%[[M]], %[[W]] : memref<4x8xf32>, memref<4x8xf32>)
func.func @main(%x: tensor<4x8xf32> {graph.name = "x"}) -> (tensor<f32> {graph.name = "y"}, tensor<i64> {graph.name = "steps"}) {
  %w = graph.parameter "w" init dense<1.0> : tensor<4x8xf32> : tensor<4x8xf32>
  %m = graph.parameter "w#momentum" init dense<0.0> : tensor<4x8xf32> : tensor<4x8xf32>
  %s = graph.parameter "#step" init dense<0> : tensor<i64> : tensor<i64>
  %one = graph.constant dense<1> : tensor<i64> -> tensor<i64>
  %next = graph.add %s, %one : (tensor<i64>, tensor<i64>) -> tensor<i64>
  graph.update %s, %next : tensor<i64>, tensor<i64>
  %y = graph.mul %x, %w : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %loss = graph.reduce sum %y dims [0, 1] : tensor<4x8xf32> -> tensor<f32>
  %m1 = graph.add %m, %x : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  graph.update %m, %m1 : tensor<4x8xf32>, tensor<4x8xf32>
  %w1 = graph.sub %w, %m1 : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  graph.update %w, %w1 : tensor<4x8xf32>, tensor<4x8xf32>
  return %loss, %s : tensor<f32>, tensor<i64>
}

//--- read-later.mlir
// -----

// A later step reads the old value: the new one is copied at the end.
// CHECK-LABEL: rank.program @read_later
// CHECK: %[[W:.*]] = rank.parameter "w"
// CHECK: %[[NEW:.*]] = rank.buffer arena
// CHECK: rank.kernel {{.*}} -> (%[[NEW]], %{{.*}} : memref<8xf32>, memref<8xf32>) {{.*}} origin "add+exp"
// CHECK: rank.kernel {{.*}}(%[[NEW]] : memref<8xf32>) -> (%[[W]] : memref<8xf32>)
func.func @read_later(%x: tensor<8xf32>) -> tensor<8xf32> {
  %w = graph.parameter "w" init dense<1.0> : tensor<8xf32> : tensor<8xf32>
  %new = graph.add %w, %x : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  graph.update %w, %new : tensor<8xf32>, tensor<8xf32>
  %y = graph.exp %w : tensor<8xf32> -> tensor<8xf32>
  return %y : tensor<8xf32>
}

//--- elsewhere.mlir
// -----

// Elements are read at another place than they are written.
// CHECK-LABEL: rank.program @elsewhere
// CHECK: %[[W:.*]] = rank.parameter "w"
// CHECK: %[[NEW:.*]] = rank.buffer arena : memref<8xf32>
// CHECK: rank.kernel {{.*}}(%[[W]] : memref<8xf32>) -> (%[[NEW]] : memref<8xf32>)
// CHECK: rank.kernel {{.*}}(%[[NEW]] : memref<8xf32>) -> (%[[W]] : memref<8xf32>)
func.func @elsewhere(%x: tensor<8xf32>) -> tensor<8xf32> {
  %w = graph.parameter "w" init dense<1.0> : tensor<8xf32> : tensor<8xf32>
  %r = graph.reverse %w dim 0 : tensor<8xf32> -> tensor<8xf32>
  %new = graph.neg %r : tensor<8xf32> -> tensor<8xf32>
  graph.update %w, %new : tensor<8xf32>, tensor<8xf32>
  return %x : tensor<8xf32>
}

//--- epilogue.mlir
// -----

// A product that is added to a parameter is not written there before the sum.
// CHECK-LABEL: rank.program @epilogue
// CHECK: %[[W:.*]] = rank.parameter "w"
// CHECK: %[[C:.*]] = rank.buffer arena : memref<8x8xf32>
// CHECK: rank.gemm {{.*}}, %[[C]] {{.*}} epilogue {{.*}} -> (%[[W]] : memref<8x8xf32>)
func.func @epilogue(%x: tensor<8x4xf32>, %y: tensor<4x8xf32>) {
  %w = graph.parameter "w" init dense<0.0> : tensor<8x8xf32> : tensor<8x8xf32>
  %p = graph.dot %x, %y batch [] x [] contract [1] x [0] : (tensor<8x4xf32>, tensor<4x8xf32>) -> tensor<8x8xf32>
  %new = graph.add %w, %p : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  graph.update %w, %new : tensor<8x8xf32>, tensor<8x8xf32>
  return
}
