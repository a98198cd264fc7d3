// RUN: split-file %s %t
// RUN: vescale-opt %t/model.mlir --dist-apply-plan=plan=%t/plan.json | FileCheck %s
// RUN: vescale-opt %t/model.mlir --dist-plan-pipeline=plan=%t/plan.json | FileCheck %s --check-prefix=PROPAGATED
// RUN: not vescale-opt %t/model.mlir --dist-apply-plan=plan=%t/unused.json 2>&1 | FileCheck %s --check-prefix=UNUSED
// RUN: not vescale-opt %t/model.mlir --dist-apply-plan=plan=%t/rank.json 2>&1 | FileCheck %s --check-prefix=RANK
// RUN: not vescale-opt %t/model.mlir --dist-apply-plan=plan=%t/axis.json 2>&1 | FileCheck %s --check-prefix=AXIS
// RUN: not vescale-opt %t/model.mlir --dist-apply-plan=plan=%t/twice.json 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: not vescale-opt %t/model.mlir --dist-apply-plan=plan=%t/schema.json 2>&1 | FileCheck %s --check-prefix=SCHEMA
// RUN: vescale-opt %t/step.mlir --dist-apply-plan=plan=%t/nodes.json | FileCheck %s --check-prefix=NODES
// RUN: not vescale-opt %t/model.mlir --dist-apply-plan=plan=%t/untrained.json 2>&1 | FileCheck %s --check-prefix=UNTRAINED
// RUN: not vescale-opt %t/model.mlir --dist-apply-plan=plan=%t/offer.json 2>&1 | FileCheck %s --check-prefix=OFFER
// RUN: not vescale-opt %t/model.mlir --dist-apply-plan=plan=%t/recompute.json 2>&1 | FileCheck %s --check-prefix=RECOMPUTE
// RUN: not vescale-opt %t/model.mlir --dist-apply-plan=plan=%t/storage.json 2>&1 | FileCheck %s --check-prefix=STORAGE
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
// UNTRAINED: untrained.json: "micro_batches" is about training steps, and the model is not trained
// OFFER: layouts[0] ("a.weight") matches no attention
// RECOMPUTE: recompute.json: recompute: can be none, selective, full, or a list of modules and nodes, not "all"
// STORAGE: storage.json: storage: needs "zero": 0 to 3

// A node's entry speaks of the node, also where it is computed again, and not of
// its gradient, whatever their shapes; an offer of attention's gradient as well.
// NODES: graph.exp {{.*}} {dist.seed =
// NODES: graph.attention {{.*}} {dist.offer = #[[GIVEN:layout[0-9]*]]}
// NODES: graph.exp {{.*}} {dist.seed = {{.*}}, graph.backward, graph.recomputed = 0 : i64}
// NODES: graph.reduce {{.*}} {graph.backward} :
// NODES: graph.attention_grad {{.*}}dist.offer = #[[GIVEN]]

//--- model.mlir
func.func @main(%x: tensor<8x16xf32> {graph.name = "x"}) -> (tensor<8x16xf32> {graph.name = "y"}) {
  %a = graph.parameter "a.weight" : tensor<16x32xf32>
  %b = graph.parameter "b.weight" source #graph.source<"w", 0, 2048, tensor<16x32xf32>> view 0 [1, 32] : tensor<32x16xf32>
  %0 = graph.dot %x, %a batch [] x [] contract [1] x [0] : (tensor<8x16xf32>, tensor<16x32xf32>) -> tensor<8x32xf32>
  %1 = graph.dot %0, %b batch [] x [] contract [1] x [0] : (tensor<8x32xf32>, tensor<32x16xf32>) -> tensor<8x16xf32>
  return %1 : tensor<8x16xf32>
}
//--- step.mlir
func.func @main(%x: tensor<2x4x8x16xf32>) -> (tensor<2x8x16xf32>, tensor<2x4x8x16xf32>) {
  %0 = graph.exp %x {graph.recomputed = 0} : tensor<2x4x8x16xf32> -> tensor<2x4x8x16xf32> loc("Exp 'act' in h")
  %1, %lse = graph.attention %0, %0, %0 scale 0.5 : (tensor<2x4x8x16xf32>, tensor<2x4x8x16xf32>, tensor<2x4x8x16xf32>) -> tensor<2x4x8x16xf32> lse tensor<2x4x8xf32> loc("Attention 'attend' in h")
  %2 = graph.exp %x {graph.backward, graph.recomputed = 0} : tensor<2x4x8x16xf32> -> tensor<2x4x8x16xf32> loc("Exp 'act' in h")
  %3 = graph.reduce sum %2 dims [1] {graph.backward} : tensor<2x4x8x16xf32> -> tensor<2x8x16xf32> loc("Exp 'act' in h")
  %dq, %dk, %dv = graph.attention_grad %0, %0, %0 result %1 lse %lse delta %lse scale 0.5 {graph.backward}
      : (tensor<2x4x8x16xf32>, tensor<2x4x8x16xf32>, tensor<2x4x8x16xf32>, tensor<2x4x8x16xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>)
      -> (tensor<2x4x8x16xf32>, tensor<2x4x8x16xf32>, tensor<2x4x8x16xf32>) loc("Attention 'attend' in h")
  return %3, %dq : tensor<2x8x16xf32>, tensor<2x4x8x16xf32>
}
//--- nodes.json
{"schema": "vescale.plan/1", "mesh": [["dp", 2], ["sp", 2]], "layouts": [
  {"match": "act", "dims": [["dp"], [], [], []]},
  {"match": "attend", "dims": [[], ["sp"], [], []], "offer": true}]}
//--- untrained.json
{"schema": "vescale.plan/1", "mesh": [["tp", 2]], "micro_batches": 2}
//--- offer.json
{"schema": "vescale.plan/1", "mesh": [["tp", 2]], "layouts": [{"match": "a.weight", "dims": [["tp"], []], "offer": true}]}
//--- recompute.json
{"schema": "vescale.plan/1", "mesh": [["tp", 2]], "recompute": "all"}
//--- storage.json
{"schema": "vescale.plan/1", "mesh": [["tp", 2]], "storage": {"zero": 4}}
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
