// RUN: split-file %s %t
// RUN: vescale-opt %t/program.mlir --train-recompute=mode=selective | FileCheck %s --check-prefix=SELECTIVE
// RUN: vescale-opt %t/program.mlir --train-recompute=mode=full | FileCheck %s --check-prefix=FULL
// RUN: vescale-interp %t/program.mlir --random-parameters --runs=3 --field --seed=5 > %t.none
// RUN: vescale-opt %t/program.mlir --train-recompute=mode=full -o %t.mlir
// RUN: vescale-interp %t.mlir --random-parameters --runs=3 --field --seed=5 | diff %t.none -
// RUN: vescale-opt %t/modules.mlir --train-recompute=mode=h.? | FileCheck %s --check-prefix=LAYERS
// RUN: vescale-opt %t/modules.mlir --train-recompute=mode=h.0.act,second | FileCheck %s --check-prefix=NODES
// RUN: vescale-opt %t/modules.mlir --train-recompute=plan=%t/plan.json | FileCheck %s --check-prefix=LAYERS
// RUN: vescale-opt %t/modules.mlir --train-recompute='plan=%t/plan.json mode=h.?' | FileCheck %s --check-prefix=LAYERS
// RUN: not vescale-opt %t/program.mlir --train-recompute=mode=some 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not vescale-opt %t/program.mlir --train-recompute=mode=a,,b 2>&1 | FileCheck %s --check-prefix=EMPTY
// RUN: not vescale-opt %t/modules.mlir --train-recompute='plan=%t/plan.json mode=full' 2>&1 | FileCheck %s --check-prefix=CONFLICT

// UNKNOWN: error: recompute: "some" is no module or node that has a value to compute again
// EMPTY: error: recompute 'a,,b' is none, selective, full, or names of modules and nodes
// CONFLICT: error: recompute=full contradicts {{.*}}plan.json: "recompute", which is h.?; say it in one place

// Of a layer all is computed again but what leaves it; each layer is one.
// LAYERS: module attributes {graph.recompute = "h.?"}
// LAYERS: %[[P:.*]] = graph.dot %arg0
// LAYERS: %[[E:.*]] = graph.exp %[[P]]
// LAYERS: %[[Q:.*]] = graph.tanh %[[E]]
// LAYERS: graph.exp %[[Q]]
// LAYERS: graph.constant
// LAYERS-NEXT: %[[Q2:.*]] = graph.exp %[[Q]] {graph.backward, graph.recomputed = {{.*}}}
// LAYERS-NEXT: graph.mul %{{.*}}, %[[Q2]]
// LAYERS-NEXT: graph.mul %{{.*}}, %[[Q]]
// LAYERS-NEXT: %[[P2:.*]] = graph.dot %arg0, %{{.*}} {graph.backward, graph.recomputed = {{.*}}}
// LAYERS-NEXT: %[[E2:.*]] = graph.exp %[[P2]] {graph.backward, graph.recomputed = {{.*}}}
// LAYERS-NEXT: graph.mul %{{.*}}, %[[E2]]

// A module inside of one, and a node by its name: the product is kept, and exp
// as well, which leaves the module.
// NODES: %[[P:.*]] = graph.dot %arg0
// NODES: %[[E:.*]] = graph.exp %[[P]]
// NODES: %[[Q:.*]] = graph.tanh %[[E]]
// NODES: graph.constant
// NODES-NEXT: %[[Q2:.*]] = graph.exp %{{.*}} {graph.backward, graph.recomputed = {{.*}}}

// The product and the cut that it leads to are saved; exp is computed again.
// SELECTIVE: %[[P:.*]] = graph.dot %arg0
// SELECTIVE: %[[E:.*]] = graph.exp %[[P]]
// SELECTIVE: %[[Q:.*]] = graph.dot %[[E]]
// SELECTIVE: graph.reduce
// SELECTIVE: %[[AGAIN:.*]] = graph.exp %[[P]] {graph.backward, graph.recomputed = {{.*}}}
// SELECTIVE: graph.dot %[[AGAIN]]

// Between the cuts nothing is saved; this program is one value wide throughout.
// FULL: %[[P:.*]] = graph.dot %arg0
// FULL: %[[S:.*]] = graph.add
// FULL: graph.reduce
// FULL: %[[AGAIN:.*]] = graph.exp %[[P]] {graph.backward, graph.recomputed = {{.*}}}
//--- program.mlir
func.func @main(%x: tensor<4x3xf32> {graph.name = "x"}) -> (tensor<f32> {graph.name = "loss"}) {
  %w = graph.parameter "w" : tensor<3x3xf32>
  %p = graph.dot %x, %w batch [] x [] contract [1] x [0] : (tensor<4x3xf32>, tensor<3x3xf32>) -> tensor<4x3xf32>
  %e = graph.exp %p : tensor<4x3xf32> -> tensor<4x3xf32>
  %q = graph.dot %e, %w batch [] x [] contract [1] x [0] : (tensor<4x3xf32>, tensor<3x3xf32>) -> tensor<4x3xf32>
  %s = graph.add %q, %p : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  %loss = graph.reduce sum %s dims [0, 1] : tensor<4x3xf32> -> tensor<f32>
  %one = graph.constant dense<1.0> : tensor<4x3xf32> {graph.backward} -> tensor<4x3xf32>
  %g = graph.dot %e, %one batch [] x [] contract [0] x [0] {graph.backward} : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<3x3xf32>
  %new = graph.sub %w, %g {graph.optimizer} : (tensor<3x3xf32>, tensor<3x3xf32>) -> tensor<3x3xf32>
  graph.update %w, %new {graph.optimizer} : tensor<3x3xf32>, tensor<3x3xf32>
  return %loss : tensor<f32>
}

//--- plan.json
{"schema": "vescale.plan/1", "mesh": [["dp", 1]], "recompute": ["h.?"]}
//--- modules.mlir
func.func @main(%x: tensor<4x3xf32> {graph.name = "x"}) -> (tensor<f32> {graph.name = "loss"}) {
  %w = graph.parameter "w" : tensor<3x3xf32>
  %p = graph.dot %x, %w batch [] x [] contract [1] x [0] : (tensor<4x3xf32>, tensor<3x3xf32>) -> tensor<4x3xf32> loc(#product)
  %e = graph.exp %p : tensor<4x3xf32> -> tensor<4x3xf32> loc(#act)
  %q = graph.tanh %e : tensor<4x3xf32> -> tensor<4x3xf32> loc(#tanh)
  %r = graph.exp %q : tensor<4x3xf32> -> tensor<4x3xf32> loc(#second)
  %s = graph.tanh %r : tensor<4x3xf32> -> tensor<4x3xf32> loc(#last)
  %loss = graph.reduce sum %s dims [0, 1] : tensor<4x3xf32> -> tensor<f32>
  %one = graph.constant dense<1.0> : tensor<4x3xf32> {graph.backward} -> tensor<4x3xf32>
  %0 = graph.mul %one, %r {graph.backward} : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32> loc(#second)
  %1 = graph.mul %0, %q {graph.backward} : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32> loc(#tanh)
  %2 = graph.mul %1, %e {graph.backward} : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32> loc(#act)
  %g = graph.dot %2, %2 batch [] x [] contract [0] x [0] {graph.backward} : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<3x3xf32> loc(#product)
  %new = graph.sub %w, %g {graph.optimizer} : (tensor<3x3xf32>, tensor<3x3xf32>) -> tensor<3x3xf32>
  graph.update %w, %new {graph.optimizer} : tensor<3x3xf32>, tensor<3x3xf32>
  return %loss : tensor<f32>
}
#product = loc("MatMul 'product' in h.0.up")
#act = loc("Exp 'first' in h.0.act")
#tanh = loc("Tanh 'middle' in h.0")
#second = loc("Exp 'second' in h.1.act")
#last = loc("Tanh 'last' in h.1")
