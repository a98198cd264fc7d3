// RUN: vescale-opt %s --train-add-statistics --split-input-file | FileCheck %s

// Running statistics move towards the batch's: 0.75 and 0.25; the variance times 4 / 3.
// CHECK-LABEL: func.func @main
// CHECK-DAG: %[[M:.*]] = graph.parameter "bn.running_mean"
// CHECK-DAG: %[[V:.*]] = graph.parameter "bn.running_var"
// CHECK: %[[S:.*]], %[[T:.*]] = graph.batch_statistics %{{.*}} running %[[M]], %[[V]] momentum 7.500000e-01 of_batch
// CHECK: %[[KEPT:.*]] = graph.mul %[[M]], %{{.*}} {graph.optimizer}
// CHECK: graph.constant dense<2.500000e-01>
// CHECK: %[[NEW:.*]] = graph.mul %[[S]], %{{.*}} {graph.optimizer}
// CHECK: %[[NEXT:.*]] = graph.add %[[KEPT]], %[[NEW]] {graph.optimizer}
// CHECK: graph.update %[[M]], %[[NEXT]] {graph.optimizer}
// CHECK: %[[KEPT:.*]] = graph.mul %[[V]], %{{.*}} {graph.optimizer}
// CHECK: graph.constant dense<0.333333343>
// CHECK: %[[NEW:.*]] = graph.mul %[[T]], %{{.*}} {graph.optimizer}
// CHECK: %[[NEXT:.*]] = graph.add %[[KEPT]], %[[NEW]] {graph.optimizer}
// CHECK: graph.update %[[V]], %[[NEXT]] {graph.optimizer}
// CHECK: return
module attributes {graph.train = "{\22schema\22: \22vescale.train/1\22, \22batch_norm\22: \22batch\22}", graph.unnamed_weights = [], graph.statistics = ["bn.running_mean", "bn.running_var"]} {
  func.func @main(%x: tensor<4x3xf32>) -> (tensor<f32>, tensor<f32>) {
    %m = graph.parameter "bn.running_mean" source <"m", 0, 12, tensor<3xf32>> named : tensor<3xf32>
    %v = graph.parameter "bn.running_var" source <"m", 12, 12, tensor<3xf32>> named : tensor<3xf32>
    %0:2 = graph.batch_statistics %x running %m, %v momentum 0.75
      : tensor<4x3xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>, tensor<3xf32>
    %1 = graph.broadcast %0#0 dims [1] : tensor<3xf32> -> tensor<4x3xf32>
    %2 = graph.broadcast %0#1 dims [1] : tensor<3xf32> -> tensor<4x3xf32>
    %3 = graph.mul %1, %2 : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
    %4 = graph.reduce sum %3 dims [0, 1] : tensor<4x3xf32> -> tensor<f32>
    return %4, %4 : tensor<f32>, tensor<f32>
  }
}

// -----

// An export in training mode needs no choice.
// CHECK-LABEL: func.func @main
// CHECK: graph.batch_statistics %{{.*}} of_batch
// CHECK-COUNT-2: graph.update
module attributes {graph.train = "{\22schema\22: \22vescale.train/1\22}", graph.unnamed_weights = [], graph.statistics = ["bn.running_mean", "bn.running_var"]} {
  func.func @main(%x: tensor<4x3xf32>) -> (tensor<f32>, tensor<f32>) {
    %m = graph.parameter "bn.running_mean" source <"m", 0, 12, tensor<3xf32>> named : tensor<3xf32>
    %v = graph.parameter "bn.running_var" source <"m", 12, 12, tensor<3xf32>> named : tensor<3xf32>
    %0:2 = graph.batch_statistics %x running %m, %v momentum 0.75 of_batch
      : tensor<4x3xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>, tensor<3xf32>
    %1 = graph.broadcast %0#0 dims [1] : tensor<3xf32> -> tensor<4x3xf32>
    %2 = graph.broadcast %0#1 dims [1] : tensor<3xf32> -> tensor<4x3xf32>
    %3 = graph.mul %1, %2 : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
    %4 = graph.reduce sum %3 dims [0, 1] : tensor<4x3xf32> -> tensor<f32>
    return %4, %4 : tensor<f32>, tensor<f32>
  }
}

// -----

// CHECK-LABEL: func.func @main
// CHECK-NOT: graph.batch_statistics
// CHECK-DAG: %[[M:.*]] = graph.parameter "bn.running_mean"
// CHECK-DAG: %[[V:.*]] = graph.parameter "bn.running_var"
// CHECK-DAG: graph.broadcast %[[M]]
// CHECK-DAG: graph.broadcast %[[V]]
// CHECK-NOT: graph.update
module attributes {graph.train = "{\22schema\22: \22vescale.train/1\22, \22batch_norm\22: \22frozen\22}", graph.unnamed_weights = [], graph.statistics = ["bn.running_mean", "bn.running_var"]} {
  func.func @main(%x: tensor<4x3xf32>) -> (tensor<f32>, tensor<f32>) {
    %m = graph.parameter "bn.running_mean" source <"m", 0, 12, tensor<3xf32>> named : tensor<3xf32>
    %v = graph.parameter "bn.running_var" source <"m", 12, 12, tensor<3xf32>> named : tensor<3xf32>
    %0:2 = graph.batch_statistics %x running %m, %v momentum 0.75 of_batch
      : tensor<4x3xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>, tensor<3xf32>
    %1 = graph.broadcast %0#0 dims [1] : tensor<3xf32> -> tensor<4x3xf32>
    %2 = graph.broadcast %0#1 dims [1] : tensor<3xf32> -> tensor<4x3xf32>
    %3 = graph.mul %1, %2 : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
    %4 = graph.reduce sum %3 dims [0, 1] : tensor<4x3xf32> -> tensor<f32>
    return %4, %4 : tensor<f32>, tensor<f32>
  }
}
