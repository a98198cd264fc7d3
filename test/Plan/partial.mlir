// RUN: split-file %s %t
// RUN: vescale-opt %t/model.mlir --mlir-print-local-scope --dist-plan-pipeline=plan=%t/delayed.json | FileCheck %s --check-prefix=DELAYED
// RUN: vescale-opt %t/model.mlir --mlir-print-local-scope --dist-plan-pipeline=plan=%t/early.json | FileCheck %s --check-prefix=EARLY
// RUN: not vescale-opt %t/model.mlir --dist-plan-pipeline=plan=%t/nonlinear.json -o /dev/null 2>&1 | FileCheck %s --check-prefix=NONLINEAR
// RUN: not vescale-opt %t/model.mlir --dist-plan-pipeline=plan=%t/kind.json -o /dev/null 2>&1 | FileCheck %s --check-prefix=KIND
// RUN: not vescale-opt %t/model.mlir --dist-plan-pipeline=plan=%t/input.json -o /dev/null 2>&1 | FileCheck %s --check-prefix=INPUT
// RUN: not vescale-opt %t/model.mlir --dist-plan-pipeline=plan=%t/mixed.json -o /dev/null 2>&1 | FileCheck %s --check-prefix=MIXED

// An entry says where a sum is completed: 'scale' repeats the tensor four times,
// so that by itself propagation completes the sum before it.

// DELAYED: graph.dot {{.*}} partial = sum{"tp"}
// DELAYED-NEXT: graph.broadcast {{.*}} partial = sum{"tp"}
// DELAYED-NEXT: dist.reshard
// DELAYED-NEXT: graph.relu

// EARLY: graph.dot {{.*}} partial = sum{"tp"}
// EARLY-NEXT: dist.reshard
// EARLY-NEXT: graph.broadcast
// EARLY-NEXT: graph.relu

// NONLINEAR: 'graph.relu' op cannot be left partial, sum over {"tp"}: neither does it reduce a dimension that is sharded over them, nor is it linear in an operand that is partial
// KIND: 'graph.dot' op cannot be left partial, max over {"tp"}
// INPUT: layouts[0] ("x") asks for 'x' to be partial; only the result of an op can be
// MIXED: layouts[0] ("dot"): a value is partial in one way, not by sum and max

//--- model.mlir
func.func @main(%x: tensor<8x16xf32> {graph.name = "x"}) -> (tensor<4x8x4xf32> {graph.name = "y"}) {
  %w = graph.parameter "w" : tensor<16x4xf32>
  %0 = graph.dot %x, %w batch [] x [] contract [1] x [0] : (tensor<8x16xf32>, tensor<16x4xf32>) -> tensor<8x4xf32> loc("dot")
  %1 = graph.broadcast %0 dims [1, 2] : tensor<8x4xf32> -> tensor<4x8x4xf32> loc("spread")
  %2 = graph.relu %1 : tensor<4x8x4xf32> -> tensor<4x8x4xf32> loc("relu")
  return %2 : tensor<4x8x4xf32>
}
//--- delayed.json
{"schema": "vescale.plan/1", "mesh": [["tp", 2]], "layouts": [
  {"match": "w", "dims": [["tp"], []]},
  {"match": "spread", "dims": [[], [], []], "partial": {"tp": "sum"}}]}
//--- early.json
{"schema": "vescale.plan/1", "mesh": [["tp", 2]], "layouts": [{"match": "w", "dims": [["tp"], []]}]}
//--- nonlinear.json
{"schema": "vescale.plan/1", "mesh": [["tp", 2]], "layouts": [
  {"match": "w", "dims": [["tp"], []]},
  {"match": "relu", "dims": [[], [], []], "partial": {"tp": "sum"}}]}
//--- kind.json
{"schema": "vescale.plan/1", "mesh": [["tp", 2]], "layouts": [
  {"match": "w", "dims": [["tp"], []]},
  {"match": "dot", "dims": [[], []], "partial": {"tp": "max"}}]}
//--- input.json
{"schema": "vescale.plan/1", "mesh": [["tp", 2]], "layouts": [
  {"match": "x", "dims": [[], []], "partial": {"tp": "sum"}}]}
//--- mixed.json
{"schema": "vescale.plan/1", "mesh": [["dp", 2], ["tp", 2]], "layouts": [
  {"match": "dot", "dims": [[], []], "partial": {"dp": "sum", "tp": "max"}}]}
