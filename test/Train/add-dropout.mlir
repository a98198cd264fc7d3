// RUN: split-file %s %t
// RUN: vescale-opt %t/exported.mlir --train-read-options=file=%t/exported.json --train-add-dropout --cse | FileCheck %s --check-prefix=EXPORTED
// RUN: vescale-opt %t/plain.mlir --train-read-options=file=%t/asked.json --train-add-dropout | FileCheck %s --check-prefix=ASKED
// RUN: vescale-opt %t/plain.mlir --train-read-options=file=%t/attention.json --train-add-dropout --verify-diagnostics
// RUN: vescale-opt %t/mixed.mlir --train-read-options=file=%t/split.json --train-add-dropout --verify-diagnostics
// RUN: vescale-opt %t/flat.mlir --train-read-options=file=%t/split.json --train-add-dropout | FileCheck %s --check-prefix=FLAT

// RUN: vescale-opt %t/one.mlir --train-read-options=file=%t/split.json --train-add-dropout | FileCheck %s --check-prefix=ONE

// Elements are numbered in the batch of two parts, rows of 3 as rows of 64; sites
// tell the two apart. The last one's samples are in its last dimension.
// EXPORTED-LABEL: func.func @main
// EXPORTED-SAME: %[[ROWS:[a-z0-9]+]]: tensor<2xi64> {graph.name = "#rows"}
// EXPORTED: %[[STEP:.*]] = graph.parameter "#step" init dense<0> : tensor<i64> : tensor<i64>
// EXPORTED: %[[INNER:.*]] = graph.iota dim 1 : tensor<2x5xi64>
// EXPORTED: graph.constant dense<64>
// EXPORTED: %[[SAMPLE:.*]] = graph.broadcast %[[ROWS]] dims [0] : tensor<2xi64> -> tensor<2x5xi64>
// EXPORTED: graph.constant dense<320>
// EXPORTED: %[[C:.*]] = graph.add
// EXPORTED: %[[D:.*]] = graph.dropout %{{.*}} counters %[[C]] step %[[STEP]] : tensor<2x5xi64>, tensor<i64> <rate = 2.500000e-01 : f64, seed = 77, site = 0>
// EXPORTED: graph.dropout %[[D]] counters %[[C]] step %[[STEP]] : tensor<2x5xi64>, tensor<i64> <rate = 5.000000e-01 : f64, seed = 77, site = 1>
// EXPORTED: graph.dropout %{{.*}} : tensor<3x5x2xi64>, tensor<i64> <rate = 5.000000e-01 : f64, seed = 77, site = 2> : tensor<3x5x2x1xf32>

// The state before the first sum, and what sums add to it, but nothing else.
// ASKED-LABEL: func.func @main
// ASKED: %[[E:.*]] = graph.dropout %arg0 {{.*}}rate = 1.000000e-01 : f64, seed = 1234, site = 0>
// ASKED: %[[P:.*]] = graph.dot %[[E]], %{{.*}}
// ASKED: %[[B:.*]] = graph.add %[[P]]
// ASKED: %[[R:.*]] = graph.dropout %[[B]] {{.*}}rate = 2.000000e-01 : f64, seed = 1234, site = 1>
// ASKED: graph.add %[[E]], %[[R]]
// ASKED-NOT: graph.dropout
// ASKED: return

// A dimension of samples and positions.
// FLAT-LABEL: func.func @main
// FLAT: %[[ROWS:.*]] = graph.broadcast %arg1 dims [0] : tensor<2xi64> -> tensor<2x5xi64>
// FLAT: graph.reshape %{{.*}} : tensor<2x5xi64> -> tensor<10xi64>
// FLAT: graph.dropout %{{.*}} : tensor<10xi64>, tensor<i64> <rate = 5.000000e-01 : f64, seed = 1234, site = 0> : tensor<10x3xf32>

// One sample, whose dimension comes and goes.
// ONE-LABEL: func.func @main
// ONE: %[[ROWS:.*]] = graph.broadcast %arg1 dims [0] : tensor<1xi64> -> tensor<1x5xi64>
// ONE: graph.mul
// ONE: %[[C:.*]] = graph.add
// ONE: graph.dropout %{{.*}} counters %[[C]] {{.*}} : tensor<1x5x3xf32>

//--- exported.json
{"schema": "vescale.train/1", "seed": 77, "micro_batches": 2, "dropout": {"exported": [{"match": "h.0.*", "rate": 0.25}]}}
//--- asked.json
{"schema": "vescale.train/1", "dropout": {"embedding": 0.1, "residual": 0.2}}
//--- attention.json
{"schema": "vescale.train/1", "dropout": {"attention": 0.1}}
//--- split.json
{"schema": "vescale.train/1", "micro_batches": 4}
//--- exported.mlir
func.func @main(%x: tensor<2x5x3xf32> {graph.name = "x"}) -> (tensor<2x5x3xf32>, tensor<3x5x2xf32>) {
  %0 = graph.dropout %x <rate = 0.5, seed = 0, site = 0> : tensor<2x5x3xf32> -> tensor<2x5x3xf32> loc("Dropout 'a' in h.0.drop")
  %1 = graph.dropout %0 <rate = 0.5, seed = 0, site = 0> : tensor<2x5x3xf32> -> tensor<2x5x3xf32>
  %2 = graph.transpose %1 perm [2, 1, 0] : tensor<2x5x3xf32> -> tensor<3x5x2xf32>
  %3 = graph.dropout %2 <rate = 0.5, seed = 0, site = 0> : tensor<3x5x2xf32> -> tensor<3x5x2xf32>
  return %1, %3 : tensor<2x5x3xf32>, tensor<3x5x2xf32>
}
//--- plain.mlir
// expected-error @+1 {{the model has no attention, for which the train file sets "dropout.attention"}}
func.func @main(%x: tensor<2x3xf32> {graph.name = "x"}) -> tensor<2x3xf32> {
  %w = graph.parameter "w" : tensor<3x3xf32>
  %b = graph.parameter "b" : tensor<2x3xf32>
  %0 = graph.dot %x, %w batch [] x [] contract [1] x [0] : (tensor<2x3xf32>, tensor<3x3xf32>) -> tensor<2x3xf32>
  %1 = graph.add %0, %b : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = graph.add %x, %1 : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %3 = graph.mul %2, %2 : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %4 = graph.add %3, %2 : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %4 : tensor<2x3xf32>
}
//--- mixed.mlir
func.func @main(%x: tensor<2x5xf32> {graph.name = "x"}) -> tensor<10xf32> {
  %0 = graph.transpose %x perm [1, 0] : tensor<2x5xf32> -> tensor<5x2xf32>
  %1 = graph.reshape %0 : tensor<5x2xf32> -> tensor<10xf32>
  // expected-error @+1 {{drops elements of a value that does not keep the samples apart in one dimension}}
  %2 = graph.dropout %1 <rate = 0.5, seed = 0, site = 0> : tensor<10xf32> -> tensor<10xf32>
  return %2 : tensor<10xf32>
}
//--- flat.mlir
func.func @main(%x: tensor<2x5x3xf32> {graph.name = "x"}) -> tensor<10x3xf32> {
  %0 = graph.reshape %x : tensor<2x5x3xf32> -> tensor<10x3xf32>
  %1 = graph.dropout %0 <rate = 0.5, seed = 0, site = 0> : tensor<10x3xf32> -> tensor<10x3xf32>
  return %1 : tensor<10x3xf32>
}
//--- one.mlir
func.func @main(%x: tensor<1x5x3xf32> {graph.name = "x"}) -> tensor<1x5x3xf32> {
  %0 = graph.reshape %x : tensor<1x5x3xf32> -> tensor<5x3xf32>
  %1 = graph.neg %0 : tensor<5x3xf32> -> tensor<5x3xf32>
  %2 = graph.reshape %1 : tensor<5x3xf32> -> tensor<1x5x3xf32>
  %3 = graph.dropout %2 <rate = 0.5, seed = 0, site = 0> : tensor<1x5x3xf32> -> tensor<1x5x3xf32>
  return %3 : tensor<1x5x3xf32>
}
