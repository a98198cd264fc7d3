// Updates that meet are added; positions count from the end where negative.
// RUN: vescale-opt %s | vescale-opt | FileCheck %s
// RUN: vescale-interp %s | FileCheck %s --check-prefix=VALUES

// CHECK: graph.scatter_add %{{.*}}[%{{.*}}] dim 1 : (tensor<2x2x2xf32>, tensor<2x2xi64>) -> tensor<2x4xf32>
// VALUES: difference: tensor<2x4xf32> {{.*}} min 0 max 0
func.func @main() -> (tensor<2x4xf32> {graph.name = "difference"}) {
  %updates = graph.constant dense<[[[1.0, 2.0], [4.0, 8.0]], [[16.0, 32.0], [64.0, 128.0]]]> : tensor<2x2x2xf32> -> tensor<2x2x2xf32>
  %indices = graph.constant dense<[[0, -1], [3, 1]]> : tensor<2x2xi64> -> tensor<2x2xi64>
  %expected = graph.constant dense<[[1.0, 8.0, 0.0, 6.0], [16.0, 128.0, 0.0, 96.0]]> : tensor<2x4xf32> -> tensor<2x4xf32>
  %sums = graph.scatter_add %updates[%indices] dim 1 : (tensor<2x2x2xf32>, tensor<2x2xi64>) -> tensor<2x4xf32>
  %difference = graph.sub %sums, %expected : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %difference : tensor<2x4xf32>
}
