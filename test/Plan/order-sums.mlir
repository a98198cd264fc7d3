// RUN: vescale-opt %s --dist-order-sums | FileCheck %s
// RUN: vescale-opt %s --dist-order-sums --dist-propagate --mlir-print-local-scope | FileCheck %s --check-prefix=LAYOUT

// Sums over the batch are trees over samples, others over at most 16 leaves of 32 terms or more. Sums over several
// dimensions are split, the innermost first; sums of bf16 are made in f32.

// CHECK-LABEL: func.func @main
// CHECK:       graph.dot %{{.*}} contract [1] x [0] {dist.leaves = 2 : i64} : (tensor<8x64xf32>, tensor<64x4xf32>)
// CHECK:       graph.dot %{{.*}} contract [0] x [0] {dist.leaves = 8 : i64} : (tensor<8x64xf32>, tensor<8x4xf32>)
// CHECK:       %[[ROWS:.*]] = graph.reduce sum %{{.*}} dims [1] {dist.leaves = 1 : i64} : tensor<8x4xf32> -> tensor<8xf32>
// CHECK:       graph.reduce sum %[[ROWS]] dims [0] {dist.leaves = 8 : i64} : tensor<8xf32> -> tensor<f32>
// CHECK:       %[[WIDE:.*]] = graph.cast %{{.*}} : tensor<8x64xbf16> -> tensor<8x64xf32>
// CHECK:       %[[SUM:.*]] = graph.reduce sum %[[WIDE]] dims [0] {dist.leaves = 8 : i64} : tensor<8x64xf32> -> tensor<64xf32>
// CHECK:       graph.cast %[[SUM]] : tensor<64xf32> -> tensor<64xbf16>
// A maximum has no order to keep.
// CHECK:       graph.reduce max %{{.*}} dims [0, 1] : tensor<8x4xf32> -> tensor<f32>

// A rank may have whole leaves; the sum is complete before anything is made of it, though a cast is linear.
// LAYOUT:       %[[SUM:.*]] = graph.reduce sum %{{.*}} dims [0] {dist.leaves = 8 : i64} : {{.*}}8x64xf32
// LAYOUT-SAME:  partial = sum{"dp"}
// LAYOUT-NEXT:  %[[WHOLE:.*]] = dist.reshard %[[SUM]]
// LAYOUT-NEXT:  graph.cast %[[WHOLE]]

module attributes {dist.reproducible} {
  dist.mesh @mesh <"dp"=2>
  func.func @main(%x: tensor<8x64xf32> {dist.seed = #dist.seed<<@mesh, [{"dp"}, {}]>, 0, false, "the batch">},
                  %w: tensor<64x4xf32>)
      -> (tensor<64x4xf32>, tensor<f32>, tensor<64xbf16>, tensor<f32>) {
    %y = graph.dot %x, %w batch [] x [] contract [1] x [0] : (tensor<8x64xf32>, tensor<64x4xf32>) -> tensor<8x4xf32>
    %g = graph.dot %x, %y batch [] x [] contract [0] x [0] : (tensor<8x64xf32>, tensor<8x4xf32>) -> tensor<64x4xf32>
    %s = graph.reduce sum %y dims [0, 1] : tensor<8x4xf32> -> tensor<f32>
    %n = graph.cast %x : tensor<8x64xf32> -> tensor<8x64xbf16>
    %b = graph.reduce sum %n dims [0] : tensor<8x64xbf16> -> tensor<64xbf16>
    %m = graph.reduce max %y dims [0, 1] : tensor<8x4xf32> -> tensor<f32>
    return %g, %s, %b, %m : tensor<64x4xf32>, tensor<f32>, tensor<64xbf16>, tensor<f32>
  }
}
