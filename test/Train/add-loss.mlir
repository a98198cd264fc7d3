// RUN: split-file %s %t
// RUN: vescale-opt %t/entropy.mlir --train-read-options=file=%t/entropy.json --train-add-loss | FileCheck %t/entropy.mlir
// RUN: vescale-opt %t/smooth.mlir --train-read-options=file=%t/smooth.json --train-add-loss | FileCheck %t/smooth.mlir
// RUN: vescale-opt %t/squares.mlir --train-read-options=file=%t/squares.json --train-add-loss | FileCheck %t/squares.mlir
// RUN: vescale-opt %t/output.mlir --train-read-options=file=%t/output.json --train-add-loss | FileCheck %t/output.mlir
// RUN: not vescale-opt %t/output.mlir --train-read-options=file=%t/entropy.json --train-add-loss 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: not vescale-opt %t/squares.mlir --train-read-options=file=%t/only.json --train-add-loss 2>&1 | FileCheck %s --check-prefix=VECTOR
// RUN: not vescale-opt %t/squares.mlir --train-add-loss 2>&1 | FileCheck %s --check-prefix=UNREAD

// MISSING: error: the loss reads the output "logits", which the model lacks; it has loss, extra
// VECTOR: error: the loss is to be an output of the model, which is 'tensor<4x3xf32>', no single number
// UNREAD: error: has no train file; train-read-options puts it into the attribute graph.train

//--- entropy.json
{"schema": "vescale.train/1", "loss": {"kind": "cross_entropy", "logits": "logits"}}
//--- entropy.mlir
// The largest logit of a row counts as a constant, ignored labels as none.
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.*]]: tensor<2x4x8xf32> {graph.name = "x"}, %[[L:.*]]: tensor<2x4xi64> {graph.name = "labels"})
// CHECK-SAME: -> (tensor<f32> {graph.name = "loss_sum"}, tensor<f32> {graph.name = "loss_count"})
// CHECK: %[[IGNORED:.*]] = graph.constant dense<-100>
// CHECK: %[[COUNTS:.*]] = graph.compare ne %[[L]], %[[IGNORED]]
// CHECK: %[[MAX:.*]] = graph.reduce max %[[X]] dims [2] {graph.detached}
// CHECK: graph.exp
// CHECK: graph.log
// CHECK: graph.take_along %[[X]]
// CHECK: %[[LOSS:.*]] = graph.select %[[COUNTS]]
// CHECK: %[[SUM:.*]] = graph.reduce sum %[[LOSS]] dims [0, 1]
// CHECK: %[[ONES:.*]] = graph.cast %[[COUNTS]]
// CHECK: %[[COUNT:.*]] = graph.reduce sum %[[ONES]] dims [0, 1]
// CHECK: return %[[SUM]], %[[COUNT]]
func.func @main(%x: tensor<2x4x8xf32> {graph.name = "x"}) -> (tensor<2x4x8xf32> {graph.name = "logits"}) {
  return %x : tensor<2x4x8xf32>
}

//--- smooth.json
{"schema": "vescale.train/1", "loss": {"kind": "cross_entropy", "label_smoothing": 0.1}}
//--- smooth.mlir
// Narrow logits are summed in f32; the model's only output needs no name.
// CHECK: graph.cast %{{.*}} : tensor<4x8xbf16> -> tensor<4x8xf32>
// CHECK: graph.reduce sum %{{.*}} dims [1]
// CHECK: graph.constant dense<1.250000e-01>
// CHECK: graph.constant dense<0.899999976>
// CHECK: graph.constant dense<1.000000e-01>
func.func @main(%x: tensor<4x8xbf16> {graph.name = "x"}) -> (tensor<4x8xbf16> {graph.name = "y"}) {
  return %x : tensor<4x8xbf16>
}

//--- squares.json
{"schema": "vescale.train/1", "loss": {"kind": "mse"}}
//--- squares.mlir
// CHECK: func.func @main
// CHECK-SAME: %[[T:arg1]]: tensor<4x3xf32> {graph.name = "target"}
// CHECK: %[[D:.*]] = graph.sub %{{.*}}, %[[T]]
// CHECK: %[[S:.*]] = graph.mul %[[D]], %[[D]]
// CHECK: graph.constant dense<1.200000e+01> : tensor<f32>
func.func @main(%x: tensor<4x3xf32> {graph.name = "x"}) -> (tensor<4x3xf32> {graph.name = "y"}) {
  return %x : tensor<4x3xf32>
}

//--- output.json
{"schema": "vescale.train/1", "loss": {"kind": "output", "output": "loss"}}
//--- only.json
{"schema": "vescale.train/1", "loss": {"kind": "output"}}
//--- output.mlir
// CHECK: graph.reshape %{{.*}} : tensor<1xf32> -> tensor<f32>
func.func @main(%x: tensor<1xf32> {graph.name = "x"}) -> (tensor<1xf32> {graph.name = "loss"}, tensor<1xf32> {graph.name = "extra"}) {
  return %x, %x : tensor<1xf32>, tensor<1xf32>
}
