// RUN: split-file %s %t
// RUN: vescale-opt %t/model.mlir --dist-apply-plan=plan=%t/plan.json | FileCheck %s
// RUN: vescale-opt %t/model.mlir --dist-plan-pipeline=plan=%t/plan.json | FileCheck %s --check-prefix=PROPAGATED
// RUN: not vescale-opt %t/model.mlir --dist-apply-plan=plan=%t/unused.json 2>&1 | FileCheck %s --check-prefix=UNUSED
// RUN: not vescale-opt %t/model.mlir --dist-apply-plan=plan=%t/rank.json 2>&1 | FileCheck %s --check-prefix=RANK
// RUN: not vescale-opt %t/model.mlir --dist-apply-plan=plan=%t/axis.json 2>&1 | FileCheck %s --check-prefix=AXIS
// RUN: not vescale-opt %t/model.mlir --dist-apply-plan=plan=%t/twice.json 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: not vescale-opt %t/model.mlir --dist-apply-plan=plan=%t/schema.json 2>&1 | FileCheck %s --check-prefix=SCHEMA
// RUN: not vescale-opt %t/model.mlir --dist-apply-plan=plan=%t/stages.json 2>&1 | FileCheck %s --check-prefix=STAGES

// CHECK-DAG: #[[BATCH:layout[0-9]*]] = #dist.layout<@mesh, [{"dp"}, {}]>
// CHECK-DAG: #[[COLUMNS:layout[0-9]*]] = #dist.layout<@mesh, [{}, {"tp"}]>
// CHECK-DAG: #[[ROWS:layout[0-9]*]] = #dist.layout<@mesh, [{"tp"}, {}]>
// CHECK: dist.mesh @mesh <"dp"=2, "tp"=2>
// CHECK: %arg0: tensor<8x16xf32> {dist.seed = #dist.seed<#[[BATCH]], 0, true,
// CHECK: graph.parameter "a.weight" {dist.seed = #dist.seed<#[[COLUMNS]], 0, true, "plan.json, \22*.weight\22">}
// The last entry that matches wins; a transposed view walks the same stored
// dimensions.
// CHECK: graph.parameter "b.weight" {{.*}} {dist.seed = #dist.seed<#[[ROWS]], 0, true,

// PROPAGATED: graph.dot
// PROPAGATED-SAME: -> tensor<8x32xf32, #[[H:[a-z0-9]+]]>
// PROPAGATED: graph.dot
// PROPAGATED: dist.reshard

// UNUSED: layouts[0] ("nothing*") matches no parameter, input, output or op
// RANK: layouts[0] ("a.weight") has 1 dimensions, but 'a.weight' has 2
// AXIS: layouts[0] ("a.weight"): axis "pp" is not in the mesh
// TWICE: layouts[0] ("a.weight"): axis "tp" is used twice in a layout
// SCHEMA: needs "schema": "vescale.plan/1", but has "vescale.plan/9"
// STAGES: unknown field "stages"

//--- model.mlir
func.func @main(%x: tensor<8x16xf32> {graph.name = "x"}) -> (tensor<8x16xf32> {graph.name = "y"}) {
  %a = graph.parameter "a.weight" : tensor<16x32xf32>
  %b = graph.parameter "b.weight" source #graph.source<"w", 0, 2048, tensor<16x32xf32>> view 0 [1, 32] : tensor<32x16xf32>
  %0 = graph.dot %x, %a batch [] x [] contract [1] x [0] : (tensor<8x16xf32>, tensor<16x32xf32>) -> tensor<8x32xf32>
  %1 = graph.dot %0, %b batch [] x [] contract [1] x [0] : (tensor<8x32xf32>, tensor<32x16xf32>) -> tensor<8x16xf32>
  return %1 : tensor<8x16xf32>
}
//--- plan.json
{"schema": "vescale.plan/1", "mesh": [["dp", 2], ["tp", 2]], "layouts": [
  {"match": "x", "dims": [["dp"], []]},
  {"match": "*.weight", "dims": [[], ["tp"]]},
  {"match": "y", "dims": [["dp"], []]}]}
//--- unused.json
{"schema": "vescale.plan/1", "mesh": [["tp", 2]], "layouts": [{"match": "nothing*", "dims": [[], []]}]}
//--- rank.json
{"schema": "vescale.plan/1", "mesh": [["tp", 2]], "layouts": [{"match": "a.weight", "dims": [["tp"]]}]}
//--- axis.json
{"schema": "vescale.plan/1", "mesh": [["tp", 2]], "layouts": [{"match": "a.weight", "dims": [["pp"], []]}]}
//--- twice.json
{"schema": "vescale.plan/1", "mesh": [["tp", 2]], "layouts": [{"match": "a.weight", "dims": [["tp"], ["tp"]]}]}
//--- schema.json
{"schema": "vescale.plan/9", "mesh": [["tp", 2]], "layouts": []}
//--- stages.json
{"schema": "vescale.plan/1", "mesh": [["tp", 2]], "layouts": [], "stages": [1, 2]}
