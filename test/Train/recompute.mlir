// RUN: vescale-opt %s --train-recompute=mode=selective | FileCheck %s --check-prefix=SELECTIVE
// RUN: vescale-opt %s --train-recompute=mode=full | FileCheck %s --check-prefix=FULL
// RUN: vescale-interp %s --random-parameters --runs=3 --field --seed=5 > %t.none
// RUN: vescale-opt %s --train-recompute=mode=full -o %t.mlir
// RUN: vescale-interp %t.mlir --random-parameters --runs=3 --field --seed=5 | diff %t.none -
// RUN: not vescale-opt %s --train-recompute=mode=some 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// UNKNOWN: error: recompute is "some"; it can be none, selective or full

// The product and the cut that it leads to are saved; exp is computed again.
// SELECTIVE: %[[P:.*]] = graph.dot %arg0
// SELECTIVE: %[[E:.*]] = graph.exp %[[P]] :
// SELECTIVE: %[[Q:.*]] = graph.dot %[[E]]
// SELECTIVE: graph.reduce
// SELECTIVE: %[[AGAIN:.*]] = graph.exp %[[P]] {graph.backward}
// SELECTIVE: graph.dot %[[AGAIN]]

// Between the cuts nothing is saved; this program is one value wide throughout.
// FULL: %[[P:.*]] = graph.dot %arg0
// FULL: %[[S:.*]] = graph.add
// FULL: graph.reduce
// FULL: %[[AGAIN:.*]] = graph.exp %[[P]] {graph.backward}
func.func @main(%x: tensor<4x3xf32> {graph.name = "x"}) -> (tensor<f32> {graph.name = "loss"}) {
  %w = graph.parameter "w" : tensor<3x3xf32>
  %p = graph.dot %x, %w batch [] x [] contract [1] x [0] : (tensor<4x3xf32>, tensor<3x3xf32>) -> tensor<4x3xf32>
  %e = graph.exp %p : tensor<4x3xf32> -> tensor<4x3xf32>
  %q = graph.dot %e, %w batch [] x [] contract [1] x [0] : (tensor<4x3xf32>, tensor<3x3xf32>) -> tensor<4x3xf32>
  %s = graph.add %q, %p : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  %loss = graph.reduce sum %s dims [0, 1] : tensor<4x3xf32> -> tensor<f32>
  %one = graph.constant dense<1.0> : tensor<4x3xf32> {graph.backward} -> tensor<4x3xf32>
  %g = graph.dot %e, %one batch [] x [] contract [0] x [0] {graph.backward} : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<3x3xf32>
  %new = graph.sub %w, %g {graph.optimizer} : (tensor<3x3xf32>, tensor<3x3xf32>) -> tensor<3x3xf32>
  graph.update %w, %new {graph.optimizer} : tensor<3x3xf32>, tensor<3x3xf32>
  return %loss : tensor<f32>
}
