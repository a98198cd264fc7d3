// RUN: vescale-opt %s --pass-pipeline='builtin.module(dist-order-sums,vescale-lower)' | FileCheck %s

// A single row has no order to be added up in.
// CHECK: rank.scatter_add
module attributes {dist.reproducible} {
  func.func @main(%row: tensor<4xf32> {graph.name = "row"}, %at: tensor<i64> {graph.name = "at"})
      -> (tensor<6x4xf32> {graph.name = "rows"}) {
    %0 = graph.scatter_add %row[%at] dim 0 : (tensor<4xf32>, tensor<i64>) -> tensor<6x4xf32>
    return %0 : tensor<6x4xf32>
  }
}
