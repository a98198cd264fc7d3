// RUN: vescale-opt %s --dist-plan-pipeline=mesh=dp=2,tp=2 --dist-partition-pipeline --split-input-file | FileCheck %s

// A step's learning rate, spread to the shape of two values, carries no
// sharding from one to the other.

// CHECK-LABEL: func.func @spread_scalar
// CHECK: graph.mul {{.*}} : (tensor<2x8xf32>, tensor<2x8xf32>)
// CHECK: graph.mul {{.*}} : (tensor<2x4xf32>, tensor<2x4xf32>)
// CHECK: dist.all_reduce {{.*}} : tensor<2x8xf32>
// CHECK-NEXT: dist.all_reduce {{.*}} : tensor<f32>
// CHECK-NOT: = dist.
func.func @spread_scalar(%x: tensor<4x8xf32>, %rate: tensor<f32>) -> (tensor<4x8xf32>, tensor<f32>) {
  %up = graph.parameter "up" : tensor<8x8xf32>
  %down = graph.parameter "down" : tensor<8x8xf32>
  %s = graph.exp %rate : tensor<f32> -> tensor<f32>
  %r = graph.broadcast %s dims [] : tensor<f32> -> tensor<4x8xf32>
  %0 = graph.mul %x, %r : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = graph.dot %0, %up batch [] x [] contract [1] x [0] : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %2 = graph.relu %1 : tensor<4x8xf32> -> tensor<4x8xf32>
  %3 = graph.dot %2, %down batch [] x [] contract [1] x [0] : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %4 = graph.mul %2, %r {graph.backward} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %5 = graph.reduce sum %4 dims [0, 1] {graph.backward} : tensor<4x8xf32> -> tensor<f32>
  return %3, %5 : tensor<4x8xf32>, tensor<f32>
}

// -----

// A sum that one reader needs complete is complete for the later ones, too,
// though they are linear.

// CHECK-LABEL: func.func @complete_once
// CHECK-COUNT-1: dist.all_reduce sum {{.*}} : tensor<8x8xf32>
// CHECK-NOT: = dist.
func.func @complete_once(%x: tensor<64x8xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>) {
  %0 = graph.dot %x, %x batch [] x [] contract [0] x [0] : (tensor<64x8xf32>, tensor<64x8xf32>) -> tensor<8x8xf32>
  %1 = graph.mul %0, %0 : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  %2 = graph.neg %0 : tensor<8x8xf32> -> tensor<8x8xf32>
  %3 = graph.relu %2 : tensor<8x8xf32> -> tensor<8x8xf32>
  return %1, %3 : tensor<8x8xf32>, tensor<8x8xf32>
}

// -----

// To gather four samples would be cheaper than to sum a gradient, but each rank
// would compute all of it.

// CHECK-LABEL: func.func @gradient
// CHECK-NOT: dist.all_gather
// CHECK: dist.all_reduce sum {{.*}} on @mesh{"dp"} {{.*}} : tensor<64x64xf32>
// CHECK-NOT: = dist.
func.func @gradient(%x: tensor<4x64xf32>, %dy: tensor<4x64xf32>) {
  %w = graph.parameter "w" : tensor<64x64xf32>
  %g = graph.dot %x, %dy batch [] x [] contract [0] x [0] {graph.backward} : (tensor<4x64xf32>, tensor<4x64xf32>) -> tensor<64x64xf32>
  %0 = graph.sub %w, %g {graph.optimizer} : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  graph.update %w, %0 {graph.optimizer} : tensor<64x64xf32>, tensor<64x64xf32>
  return
}

// -----

// A hidden dimension is one, whatever the backward program reads of it.

// CHECK-LABEL: func.func @hidden
// CHECK: dist.all_reduce {{.*}} origin "\22tp\22 on a hidden dimension"
func.func @hidden(%x: tensor<4x8xf32>, %dy: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %up = graph.parameter "up" : tensor<8x16xf32>
  %down = graph.parameter "down" : tensor<16x8xf32>
  %0 = graph.dot %x, %up batch [] x [] contract [1] x [0] : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32>
  %1 = graph.relu %0 : tensor<4x16xf32> -> tensor<4x16xf32>
  %2 = graph.dot %1, %down batch [] x [] contract [1] x [0] : (tensor<4x16xf32>, tensor<16x8xf32>) -> tensor<4x8xf32>
  %g = graph.dot %1, %dy batch [] x [] contract [0] x [0] {graph.backward} : (tensor<4x16xf32>, tensor<4x8xf32>) -> tensor<16x8xf32>
  %3 = graph.sub %down, %g {graph.optimizer} : (tensor<16x8xf32>, tensor<16x8xf32>) -> tensor<16x8xf32>
  graph.update %down, %3 {graph.optimizer} : tensor<16x8xf32>, tensor<16x8xf32>
  return %2 : tensor<4x8xf32>
}

// -----

// ZeRO: every op of the optimizer reads the gradient as the state lies, those
// that come first as well. What another function stores is gathered there, too,
// read once as it may be; and its gradients are made as here.

// CHECK-LABEL: func.func @main
// CHECK: dist.reduce_scatter sum {{.*}} dim 0 on @mesh{"dp"} {{.*}} : tensor<64x64xf32> -> tensor<32x64xf32>
// CHECK-NOT: tensor<64x64xf32> -> tensor
// CHECK: dist.all_reduce sum {{.*}} : tensor<f32> -> tensor<f32>
// CHECK-NOT: = dist.
// CHECK-LABEL: func.func @accumulate
// CHECK: dist.all_gather {{.*}} : tensor<32x64xf32> -> tensor<64x64xf32>
// CHECK: graph.dot {{.*}} : (tensor<2x64xf32>, tensor<64x64xf32>) -> tensor<2x64xf32>
// CHECK: dist.reduce_scatter sum {{.*}} dim 0 on @mesh{"dp"} {{.*}} : tensor<64x64xf32> -> tensor<32x64xf32>
// CHECK-NOT: = dist.
func.func @main(%x: tensor<4x64xf32>, %dy: tensor<4x64xf32>) -> tensor<f32> {
  %w = graph.parameter "w" {dist.storage = #dist<axes{"dp"}>} : tensor<64x64xf32>
  %kept = graph.parameter "w#gradient" init dense<0.0> : tensor<64x64xf32> {dist.storage = #dist<axes{"dp"}>, graph.transient} : tensor<64x64xf32>
  %g = graph.dot %x, %dy batch [] x [] contract [0] x [0] {graph.backward} : (tensor<4x64xf32>, tensor<4x64xf32>) -> tensor<64x64xf32>
  %0 = graph.mul %g, %g {graph.optimizer} : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  %1 = graph.reduce sum %0 dims [0, 1] {graph.optimizer} : tensor<64x64xf32> -> tensor<f32>
  %2 = graph.add %kept, %g {graph.optimizer} : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  %3 = graph.sub %w, %2 {graph.optimizer} : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  graph.update %w, %3 {graph.optimizer} : tensor<64x64xf32>, tensor<64x64xf32>
  graph.update %kept, %g {graph.optimizer} : tensor<64x64xf32>, tensor<64x64xf32>
  return %1 : tensor<f32>
}
func.func @accumulate(%x: tensor<4x64xf32>, %dy: tensor<4x64xf32>) -> tensor<4x64xf32> {
  %w = graph.parameter "w" {dist.storage = #dist<axes{"dp"}>} : tensor<64x64xf32>
  %kept = graph.parameter "w#gradient" init dense<0.0> : tensor<64x64xf32> {dist.storage = #dist<axes{"dp"}>, graph.transient} : tensor<64x64xf32>
  %y = graph.dot %x, %w batch [] x [] contract [1] x [0] : (tensor<4x64xf32>, tensor<64x64xf32>) -> tensor<4x64xf32>
  %g = graph.dot %x, %dy batch [] x [] contract [0] x [0] {graph.backward} : (tensor<4x64xf32>, tensor<4x64xf32>) -> tensor<64x64xf32>
  %0 = graph.add %kept, %g {graph.optimizer} : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  graph.update %kept, %0 {graph.optimizer} : tensor<64x64xf32>, tensor<64x64xf32>
  return %y : tensor<4x64xf32>
}

// -----

// A hidden dimension that is computed again for the backward program is sharded
// there as well, though no product leads to it.

// CHECK-LABEL: func.func @again
// CHECK: graph.relu {{.*}}graph.recomputed = 0 : i64} : tensor<2x8xf32>
// CHECK: graph.relu {{.*}}graph.backward, graph.recomputed = 0 : i64} : tensor<2x8xf32>
// CHECK: graph.dot {{.*}} {graph.backward} : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<8x8xf32>
func.func @again(%x: tensor<4x8xf32>, %dy: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %up = graph.parameter "up" : tensor<8x16xf32>
  %down = graph.parameter "down" : tensor<16x8xf32>
  %0 = graph.dot %x, %up batch [] x [] contract [1] x [0] {graph.recomputed = 1} : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32>
  %1 = graph.relu %0 {graph.recomputed = 0} : tensor<4x16xf32> -> tensor<4x16xf32>
  %2 = graph.dot %1, %down batch [] x [] contract [1] x [0] : (tensor<4x16xf32>, tensor<16x8xf32>) -> tensor<4x8xf32>
  %3 = graph.dot %x, %up batch [] x [] contract [1] x [0] {graph.backward, graph.recomputed = 1} : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32>
  %4 = graph.relu %3 {graph.backward, graph.recomputed = 0} : tensor<4x16xf32> -> tensor<4x16xf32>
  %g = graph.dot %4, %dy batch [] x [] contract [0] x [0] {graph.backward} : (tensor<4x16xf32>, tensor<4x8xf32>) -> tensor<16x8xf32>
  %5 = graph.sub %down, %g {graph.optimizer} : (tensor<16x8xf32>, tensor<16x8xf32>) -> tensor<16x8xf32>
  graph.update %down, %5 {graph.optimizer} : tensor<16x8xf32>, tensor<16x8xf32>
  return %2 : tensor<4x8xf32>
}
