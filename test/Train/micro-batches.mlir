// RUN: echo '{"schema": "vescale.train/1", "optimizer": {"kind": "sgd"}, "micro_batches": 4}' > %t.json
// RUN: vescale-opt %s --train-read-options=file=%t.json --train-add-optimizer --canonicalize --cse | FileCheck %s --check-prefix=TREE
// RUN: sed 's/attributes {dist.reproducible}//' %s | vescale-opt - --train-read-options=file=%t.json --train-add-optimizer --canonicalize --cse | FileCheck %s --check-prefix=SUM

// One sum: the step adds its own and leaves zeros, the other function keeps it.
// SUM-LABEL: func.func @main
// SUM-DAG: %[[KEPT:.*]] = graph.parameter "w#gradient"
// SUM-DAG: %[[ZEROS:.*]] = graph.constant dense<0.000000e+00> : tensor<3xf32>
// SUM: %[[SUM:.*]] = graph.add %[[KEPT]], %{{.*}} : (tensor<3xf32>, tensor<3xf32>)
// SUM: graph.update %[[KEPT]], %[[ZEROS]]
// SUM-LABEL: func.func @accumulate
// SUM: %[[KEPT:.*]] = graph.parameter "w#gradient"
// SUM: %[[SUM:.*]] = graph.add %[[KEPT]], %{{.*}} : (tensor<3xf32>, tensor<3xf32>)
// SUM: graph.update %[[KEPT]], %[[SUM]]

// Trees: of each size a sum waits for its sibling. The step completes all, and
// nothing but the number of micro-batches says that none waits any more.
// TREE-LABEL: func.func @main
// TREE: %[[COUNT:.*]] = graph.parameter "#micro_batch"
// TREE: graph.update %[[COUNT]]
// TREE: %[[ONE:.*]] = graph.parameter "w#gradient"
// TREE: %[[PAIR:.*]] = graph.add %[[ONE]], %{{.*}} : (tensor<3xf32>, tensor<3xf32>)
// TREE: %[[TWO:.*]] = graph.parameter "w#gradient_2"
// TREE: graph.add %[[TWO]], %[[PAIR]]
// TREE-NOT: graph.update %[[ONE]]
// TREE-NOT: graph.update %[[TWO]]
// TREE-LABEL: func.func @accumulate
// TREE: %[[ONE:.*]] = graph.parameter "w#gradient"
// TREE: graph.select
// TREE: graph.update %[[ONE]]
// TREE: %[[TWO:.*]] = graph.parameter "w#gradient_2"
// TREE: graph.select
// TREE: graph.update %[[TWO]]

module attributes {dist.reproducible} {
  func.func @main(%x: tensor<4x3xf32> {graph.name = "x"}) -> (tensor<f32> {graph.name = "loss_sum"}, tensor<f32> {graph.name = "loss_count"}) {
    %w = graph.parameter "w" source <"m", 0, 12, tensor<3xf32>> named : tensor<3xf32>
    %0 = graph.dot %x, %w batch [] x [] contract [1] x [0] : (tensor<4x3xf32>, tensor<3xf32>) -> tensor<4xf32>
    %1 = graph.mul %0, %0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %2 = graph.reduce sum %1 dims [0] : tensor<4xf32> -> tensor<f32>
    %3 = graph.constant dense<4.0> : tensor<f32> -> tensor<f32>
    return %2, %3 : tensor<f32>, tensor<f32>
  }
}
