// RUN: vescale-opt %s --graph-lower-supported-types | FileCheck %s

// Attention in f64 is made of other ops after all sums got their order: each of
// those it adds up is one leaf.
// CHECK: graph.dot {{.*}} {dist.leaves = 1 : i64}
// CHECK: graph.reduce max
// CHECK-NOT: dist.leaves
// CHECK: graph.reduce sum {{.*}} {dist.leaves = 1 : i64}
// CHECK: graph.dot {{.*}} {dist.leaves = 1 : i64}
module attributes {dist.reproducible} {
  func.func @main(%q: tensor<1x2x3x4xf64>, %k: tensor<1x2x5x4xf64>, %v: tensor<1x2x5x4xf64>) -> tensor<1x2x3x4xf64> {
    %0 = graph.attention %q, %k, %v scale 0.5 : (tensor<1x2x3x4xf64>, tensor<1x2x5x4xf64>, tensor<1x2x5x4xf64>) -> tensor<1x2x3x4xf64>
    return %0 : tensor<1x2x3x4xf64>
  }
}
