// RUN: split-file %s %t
// RUN: vescale-opt %t/step.mlir --dist-apply-default-layouts=mesh=dp=4 --dist-mark-storage='zero=1 zero-axes=dp:(2)2' | FileCheck %s --check-prefix=STATE
// RUN: vescale-opt %t/step.mlir --dist-apply-plan=plan=%t/plan.json --dist-mark-storage=plan=%t/plan.json | FileCheck %s --check-prefix=PLAN
// RUN: vescale-opt %t/step.mlir --dist-plan-pipeline=plan=%t/plan.json --dist-partition-pipeline | FileCheck %s --check-prefix=LOCAL
// RUN: vescale-opt %t/step.mlir --dist-plan-pipeline='plan=%t/plan.json zero=3' --dist-partition-pipeline | FileCheck %s --check-prefix=LOCAL
// RUN: not vescale-opt %t/step.mlir --dist-plan-pipeline='plan=%t/plan.json zero=1' 2>&1 | FileCheck %s --check-prefix=CONFLICT
// RUN: not vescale-opt %t/step.mlir --dist-plan-pipeline='plan=%t/plan.json zero-axes=tp' 2>&1 | FileCheck %s --check-prefix=AXES
// RUN: not vescale-opt %t/step.mlir --dist-plan-pipeline='mesh=dp=2 zero-axes=dp' 2>&1 | FileCheck %s --check-prefix=NOTHING

// STATE: module attributes {dist.zero = [1, #dist<axes{"dp":(2)2}>]
// STATE: graph.parameter "w" : tensor<8x4xf32>
// STATE: graph.parameter "w#momentum" {{.*}}dist.storage = #dist<axes{"dp":(2)2}>

// What the plan pins over the axes of storage is how it is stored; computations
// see the rest of it. State follows.
// PLAN: #[[STORED:layout[0-9]*]] = #dist.layout<@mesh, [{}, {"dp"}]>
// PLAN: graph.parameter "w" {dist.seed = #dist.seed<{{.*}}, dist.storage = #[[STORED]]}
// PLAN: graph.parameter "w#momentum" {{.*}}dist.storage = #[[STORED]]

// LOCAL: %[[W:.*]] = graph.parameter "w" {{.*}} : tensor<8x2xf32>
// LOCAL: dist.all_gather %[[W]] dim 1 {{.*}} : tensor<8x2xf32> -> tensor<8x4xf32>
// LOCAL: dist.reduce_scatter sum {{.*}} dim 1 {{.*}} : tensor<8x4xf32> -> tensor<8x2xf32>
// LOCAL-NOT: = dist.

// CONFLICT: error: zero=1 contradicts {{.*}}plan.json: "storage", whose "zero" is 3; say it in one place
// AXES: error: zero-axes=tp contradicts {{.*}}plan.json: "storage", whose "axes" are dp; say it in one place
// NOTHING: error: zero-axes=dp says nothing without zero, which can be 1 to 3

//--- step.mlir
module attributes {graph.train = "{\"schema\": \"vescale.train/1\"}"} {
func.func @main(%x: tensor<6x8xf32> {graph.name = "x"}, %dy: tensor<6x4xf32> {graph.name = "dy"}) -> tensor<6x4xf32> {
  %w = graph.parameter "w" : tensor<8x4xf32>
  %m = graph.parameter "w#momentum" init dense<0.0> : tensor<8x4xf32> : tensor<8x4xf32>
  %y = graph.dot %x, %w batch [] x [] contract [1] x [0] : (tensor<6x8xf32>, tensor<8x4xf32>) -> tensor<6x4xf32>
  %g = graph.dot %x, %dy batch [] x [] contract [0] x [0] {graph.backward} : (tensor<6x8xf32>, tensor<6x4xf32>) -> tensor<8x4xf32>
  %0 = graph.add %m, %g {graph.optimizer} : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  graph.update %m, %0 {graph.optimizer} : tensor<8x4xf32>, tensor<8x4xf32>
  %1 = graph.sub %w, %0 {graph.optimizer} : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  graph.update %w, %1 {graph.optimizer} : tensor<8x4xf32>, tensor<8x4xf32>
  return %y : tensor<6x4xf32>
}
}
//--- plan.json
{"schema": "vescale.plan/1", "mesh": [["dp", 2]], "layouts": [
  {"match": "x", "dims": [["dp"], []]},
  {"match": "w", "dims": [[], ["dp"]]}], "storage": {"zero": 3}}
