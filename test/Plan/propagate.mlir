// RUN: vescale-opt %s --dist-propagate --dist-verify-layouts --mlir-print-local-scope | FileCheck %s

dist.mesh @mesh <"dp"=2, "tp"=2>

// One seed on a weight's columns: the product follows forwards, the bias
// backwards.
// CHECK-LABEL: func @follows
// CHECK: graph.parameter "b" : tensor<32xf32, #dist.layout<@mesh, [{"tp"}]>>
// CHECK: graph.add {{.*}} -> tensor<8x32xf32, #dist.layout<@mesh, [{}, {"tp"}]>>
// CHECK-NOT: dist.reshard
func.func @follows(%x: tensor<8x16xf32>) -> tensor<8x32xf32> {
  %w = graph.parameter "w" {dist.seed = #dist.seed<<@mesh, [{}, {"tp"}]>, 0, false, "the test">} : tensor<16x32xf32>
  %b = graph.parameter "b" : tensor<32xf32>
  %0 = graph.dot %x, %w batch [] x [] contract [1] x [0] : (tensor<8x16xf32>, tensor<16x32xf32>) -> tensor<8x32xf32>
  %1 = graph.broadcast %b dims [1] : tensor<32xf32> -> tensor<8x32xf32>
  %2 = graph.add %0, %1 : (tensor<8x32xf32>, tensor<8x32xf32>) -> tensor<8x32xf32>
  return %2 : tensor<8x32xf32>
}

// A partial product stays partial through what is linear, and is completed where
// an op is not.
// CHECK-LABEL: func @delayed
// CHECK-SAME: %arg0: tensor<8x16xf32, #dist.layout<@mesh, [{}, {"tp"}]>>
// CHECK: graph.dot {{.*}} -> tensor<8x4xf32, #dist.layout<@mesh, [{}, {}], partial = sum{"tp"}>>
// CHECK-NEXT: graph.neg {{.*}} partial = sum{"tp"}>>{{$}}
// CHECK-NEXT: %[[R:.+]] = graph.reshape {{.*}} partial = sum{"tp"}>>{{$}}
// CHECK-NEXT: %[[W:.+]] = dist.reshard %[[R]] origin "the test" {{.*}} -> tensor<2x4x4xf32, #dist.layout<@mesh, [{}, {}, {}]>>
// CHECK-NEXT: graph.exp %[[W]]
func.func @delayed(%x: tensor<8x16xf32>) -> tensor<2x4x4xf32> {
  %w = graph.parameter "w" {dist.seed = #dist.seed<<@mesh, [{"tp"}, {}]>, 0, false, "the test">} : tensor<16x4xf32>
  %0 = graph.dot %x, %w batch [] x [] contract [1] x [0] : (tensor<8x16xf32>, tensor<16x4xf32>) -> tensor<8x4xf32>
  %1 = graph.neg %0 : tensor<8x4xf32> -> tensor<8x4xf32>
  %2 = graph.reshape %1 : tensor<8x4xf32> -> tensor<2x4x4xf32>
  %3 = graph.exp %2 : tensor<2x4x4xf32> -> tensor<2x4x4xf32>
  return %3 : tensor<2x4x4xf32>
}

// Two wishes for the same axis: the activation moves, not the weight.
// CHECK-LABEL: func @weights_stay
// CHECK: %[[X:.+]] = dist.reshard %arg0 origin "the batch" {{.*}} -> tensor<8x16xf32, #dist.layout<@mesh, [{}, {}]>>
// CHECK: graph.dot %[[X]], %{{.*}} -> tensor<8x32xf32, #dist.layout<@mesh, [{}, {"tp"}]>>
func.func @weights_stay(%x: tensor<8x16xf32> {dist.seed = #dist.seed<<@mesh, [{"tp"}, {}]>, 0, false, "the batch">}) -> tensor<8x32xf32> {
  %w = graph.parameter "w" {dist.seed = #dist.seed<<@mesh, [{}, {"tp"}]>, 0, false, "the weight">} : tensor<16x32xf32>
  %0 = graph.dot %x, %w batch [] x [] contract [1] x [0] : (tensor<8x16xf32>, tensor<16x32xf32>) -> tensor<8x32xf32>
  return %0 : tensor<8x32xf32>
}

// A layout in a type pins the value; a seed of a later priority takes what is
// left, which is nothing here.
// CHECK-LABEL: func @priorities
// CHECK-SAME: %arg0: tensor<8x16xf32, #dist.layout<@mesh, [{"dp"}, {}]>>
// CHECK: graph.neg {{.*}} -> tensor<8x16xf32, #dist.layout<@mesh, [{"dp"}, {"tp"}]>>
func.func @priorities(%x: tensor<8x16xf32, #dist.layout<@mesh, [{"dp"}, {}]>>) -> tensor<8x16xf32> {
  %0 = graph.exp %x {dist.seed = #dist.seed<<@mesh, [{"tp"}, {}]>, 1, false, "later">} : tensor<8x16xf32, #dist.layout<@mesh, [{"dp"}, {}]>> -> tensor<8x16xf32>
  %1 = graph.neg %0 {dist.seed = #dist.seed<<@mesh, [{}, {"tp"}]>, 0, false, "sooner">} : tensor<8x16xf32> -> tensor<8x16xf32>
  return %1 : tensor<8x16xf32>
}
