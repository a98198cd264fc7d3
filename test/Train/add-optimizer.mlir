// RUN: split-file %s %t
// RUN: vescale-opt %t/step.mlir --train-read-options=file=%t/adamw.json --train-add-optimizer --canonicalize --cse | FileCheck %s --check-prefix=ADAMW
// RUN: vescale-opt %t/step.mlir --train-read-options=file=%t/sgd.json --train-add-optimizer --canonicalize --cse | FileCheck %s --check-prefix=SGD
// RUN: not vescale-opt %t/step.mlir --train-read-options=file=%t/frozen.json --train-add-optimizer 2>&1 | FileCheck %s --check-prefix=FROZEN

// AdamW: two moments, a norm that clips, and decay for the matrix alone.
// ADAMW-LABEL: func.func @main
// ADAMW-SAME: -> (tensor<f32> {graph.name = "loss"}, tensor<f32> {graph.name = "gradient_norm"}, tensor<f64> {graph.name = "learning_rate"})
// ADAMW-DAG: %[[W:.*]] = graph.parameter "w" source {{.*}} named
// ADAMW-DAG: %[[W1:.*]] = graph.parameter "w#exp_avg" init dense<0.000000e+00> : tensor<3x2xf32> {graph.optimizer} : tensor<3x2xf32>
// ADAMW-DAG: graph.parameter "w#exp_avg_sq"
// ADAMW-DAG: %[[B:.*]] = graph.parameter "b" source {{.*}} named
// ADAMW: graph.dot {{.*}} {graph.backward}
// ADAMW: graph.sqrt
// ADAMW: %[[STEP:.*]] = graph.parameter "#step" init dense<0> : tensor<i64>
// ADAMW: graph.update %[[STEP]]
// ADAMW: graph.pow
// ADAMW: graph.update %{{.*}} : tensor<3x2xf32>, tensor<3x2xf32>
// ADAMW: graph.update %{{.*}} : tensor<3x2xf32>, tensor<3x2xf32>
// ADAMW: graph.update %[[W]]
// ADAMW: graph.update %[[B]]

// With SGD the decay is part of the gradient.
// SGD-LABEL: func.func @main
// SGD-NOT: exp_avg
// SGD: graph.parameter "w#momentum"
// SGD-NOT: graph.pow

// FROZEN: error: has no parameter to train: none has the author's name and is not frozen

//--- adamw.json
{"schema": "vescale.train/1", "optimizer": {"kind": "adamw", "weight_decay": 0.1}}
//--- sgd.json
{"schema": "vescale.train/1", "optimizer": {"kind": "sgd", "momentum": 0.9}, "clip_norm": 0}
//--- frozen.json
{"schema": "vescale.train/1", "frozen": ["*"]}
//--- step.mlir
func.func @main(%x: tensor<4x3xf32> {graph.name = "x"}) -> (tensor<f32> {graph.name = "loss_sum"}, tensor<f32> {graph.name = "loss_count"}) {
  %w = graph.parameter "w" source <"m", 0, 24, tensor<3x2xf32>> named : tensor<3x2xf32>
  %b = graph.parameter "b" source <"m", 24, 8, tensor<2xf32>> named : tensor<2xf32>
  %0 = graph.dot %x, %w batch [] x [] contract [1] x [0] : (tensor<4x3xf32>, tensor<3x2xf32>) -> tensor<4x2xf32>
  %1 = graph.broadcast %b dims [1] : tensor<2xf32> -> tensor<4x2xf32>
  %2 = graph.add %0, %1 : (tensor<4x2xf32>, tensor<4x2xf32>) -> tensor<4x2xf32>
  %3 = graph.mul %2, %2 : (tensor<4x2xf32>, tensor<4x2xf32>) -> tensor<4x2xf32>
  %4 = graph.reduce sum %3 dims [0, 1] : tensor<4x2xf32> -> tensor<f32>
  %5 = graph.constant dense<8.0> : tensor<f32> -> tensor<f32>
  return %4, %5 : tensor<f32>, tensor<f32>
}
