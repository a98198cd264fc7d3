// RUN: vescale-opt --graph-raise-attention %s | FileCheck %s
//
// Masks that no machine could read element by element: positions compared say
// by rows what is visible.

// key ≤ query.
// CHECK-LABEL: func @causal
// CHECK: graph.attention %arg0, %arg1, %arg2 scale 1.000000e+00 causal :
func.func @causal(%q: tensor<4096x2x65536x4xf32>, %k: tensor<4096x2x65536x4xf32>, %v: tensor<4096x2x65536x4xf32>) -> tensor<4096x2x65536x4xf32> {
  %row = graph.iota dim 2 : tensor<4096x1x65536x65536xi64>
  %column = graph.iota dim 3 : tensor<4096x1x65536x65536xi64>
  %seen = graph.compare le %column, %row : (tensor<4096x1x65536x65536xi64>, tensor<4096x1x65536x65536xi64>) -> tensor<4096x1x65536x65536xi1>
  %0 = graph.attention %q, %k, %v mask %seen : tensor<4096x1x65536x65536xi1> scale 1.0 : (tensor<4096x2x65536x4xf32>, tensor<4096x2x65536x4xf32>, tensor<4096x2x65536x4xf32>) -> tensor<4096x2x65536x4xf32>
  return %0 : tensor<4096x2x65536x4xf32>
}

// The positions count down.
// CHECK-LABEL: func @causal_from_the_end
// CHECK: graph.attention %arg0, %arg1, %arg2 scale 1.000000e+00 causal :
func.func @causal_from_the_end(%q: tensor<4096x2x65536x4xf32>, %k: tensor<4096x2x65536x4xf32>, %v: tensor<4096x2x65536x4xf32>) -> tensor<4096x2x65536x4xf32> {
  %row = graph.iota dim 2 : tensor<4096x1x65536x65536xi64>
  %column = graph.iota dim 3 : tensor<4096x1x65536x65536xi64>
  %x = graph.neg %column : tensor<4096x1x65536x65536xi64> -> tensor<4096x1x65536x65536xi64>
  %y = graph.neg %row : tensor<4096x1x65536x65536xi64> -> tensor<4096x1x65536x65536xi64>
  %seen = graph.compare ge %x, %y : (tensor<4096x1x65536x65536xi64>, tensor<4096x1x65536x65536xi64>) -> tensor<4096x1x65536x65536xi1>
  %0 = graph.attention %q, %k, %v mask %seen : tensor<4096x1x65536x65536xi1> scale 1.0 : (tensor<4096x2x65536x4xf32>, tensor<4096x2x65536x4xf32>, tensor<4096x2x65536x4xf32>) -> tensor<4096x2x65536x4xf32>
  return %0 : tensor<4096x2x65536x4xf32>
}

// query - 4096 < key ≤ query.
// CHECK-LABEL: func @window
// CHECK: graph.attention %arg0, %arg1, %arg2 scale 1.000000e+00 causal window 4096 :
func.func @window(%q: tensor<4096x2x65536x4xf32>, %k: tensor<4096x2x65536x4xf32>, %v: tensor<4096x2x65536x4xf32>) -> tensor<4096x2x65536x4xf32> {
  %row = graph.iota dim 2 : tensor<4096x1x65536x65536xi64>
  %column = graph.iota dim 3 : tensor<4096x1x65536x65536xi64>
  %width = graph.constant dense<4096> : tensor<4096x1x65536x65536xi64> -> tensor<4096x1x65536x65536xi64>
  %before = graph.sub %row, %width : (tensor<4096x1x65536x65536xi64>, tensor<4096x1x65536x65536xi64>) -> tensor<4096x1x65536x65536xi64>
  %near = graph.compare lt %before, %column : (tensor<4096x1x65536x65536xi64>, tensor<4096x1x65536x65536xi64>) -> tensor<4096x1x65536x65536xi1>
  %past = graph.compare ge %row, %column : (tensor<4096x1x65536x65536xi64>, tensor<4096x1x65536x65536xi64>) -> tensor<4096x1x65536x65536xi1>
  %seen = graph.and %near, %past : (tensor<4096x1x65536x65536xi1>, tensor<4096x1x65536x65536xi1>) -> tensor<4096x1x65536x65536xi1>
  %0 = graph.attention %q, %k, %v mask %seen : tensor<4096x1x65536x65536xi1> scale 1.0 : (tensor<4096x2x65536x4xf32>, tensor<4096x2x65536x4xf32>, tensor<4096x2x65536x4xf32>) -> tensor<4096x2x65536x4xf32>
  return %0 : tensor<4096x2x65536x4xf32>
}

// More keys than queries: key ≤ query + 8192.
// CHECK-LABEL: func @cached
// CHECK: graph.attention %arg0, %arg1, %arg2 scale 1.000000e+00 causal :
func.func @cached(%q: tensor<4096x2x65536x4xf32>, %k: tensor<4096x2x73728x4xf32>, %v: tensor<4096x2x73728x4xf32>) -> tensor<4096x2x65536x4xf32> {
  %row = graph.iota dim 2 : tensor<4096x1x65536x73728xi64>
  %column = graph.iota dim 3 : tensor<4096x1x65536x73728xi64>
  %more = graph.constant dense<8192> : tensor<4096x1x65536x73728xi64> -> tensor<4096x1x65536x73728xi64>
  %last = graph.add %row, %more : (tensor<4096x1x65536x73728xi64>, tensor<4096x1x65536x73728xi64>) -> tensor<4096x1x65536x73728xi64>
  %seen = graph.compare le %column, %last : (tensor<4096x1x65536x73728xi64>, tensor<4096x1x65536x73728xi64>) -> tensor<4096x1x65536x73728xi1>
  %0 = graph.attention %q, %k, %v mask %seen : tensor<4096x1x65536x73728xi1> scale 1.0 : (tensor<4096x2x65536x4xf32>, tensor<4096x2x73728x4xf32>, tensor<4096x2x73728x4xf32>) -> tensor<4096x2x65536x4xf32>
  return %0 : tensor<4096x2x65536x4xf32>
}

// Nothing is hidden.
// CHECK-LABEL: func @everything
// CHECK: graph.attention %arg0, %arg1, %arg2 scale 1.000000e+00 :
func.func @everything(%q: tensor<4096x2x65536x4xf32>, %k: tensor<4096x2x65536x4xf32>, %v: tensor<4096x2x65536x4xf32>) -> tensor<4096x2x65536x4xf32> {
  %row = graph.iota dim 2 : tensor<4096x1x65536x65536xi64>
  %column = graph.iota dim 3 : tensor<4096x1x65536x65536xi64>
  %zero = graph.constant dense<-1> : tensor<4096x1x65536x65536xi64> -> tensor<4096x1x65536x65536xi64>
  %seen = graph.compare ne %column, %zero : (tensor<4096x1x65536x65536xi64>, tensor<4096x1x65536x65536xi64>) -> tensor<4096x1x65536x65536xi1>
  %0 = graph.attention %q, %k, %v mask %seen : tensor<4096x1x65536x65536xi1> scale 1.0 : (tensor<4096x2x65536x4xf32>, tensor<4096x2x65536x4xf32>, tensor<4096x2x65536x4xf32>) -> tensor<4096x2x65536x4xf32>
  return %0 : tensor<4096x2x65536x4xf32>
}

// Not what causal means: a query sees one key that is behind it.
// CHECK-LABEL: func @shifted
// CHECK-NOT: causal
// CHECK: graph.attention %arg0, %arg1, %arg2 mask
// CHECK-NOT: causal
// CHECK: return
func.func @shifted(%q: tensor<4096x2x65536x4xf32>, %k: tensor<4096x2x65536x4xf32>, %v: tensor<4096x2x65536x4xf32>) -> tensor<4096x2x65536x4xf32> {
  %row = graph.iota dim 2 : tensor<4096x1x65536x65536xi64>
  %column = graph.iota dim 3 : tensor<4096x1x65536x65536xi64>
  %one = graph.constant dense<1> : tensor<4096x1x65536x65536xi64> -> tensor<4096x1x65536x65536xi64>
  %next = graph.add %row, %one : (tensor<4096x1x65536x65536xi64>, tensor<4096x1x65536x65536xi64>) -> tensor<4096x1x65536x65536xi64>
  %seen = graph.compare le %column, %next : (tensor<4096x1x65536x65536xi64>, tensor<4096x1x65536x65536xi64>) -> tensor<4096x1x65536x65536xi1>
  %0 = graph.attention %q, %k, %v mask %seen : tensor<4096x1x65536x65536xi1> scale 1.0 : (tensor<4096x2x65536x4xf32>, tensor<4096x2x65536x4xf32>, tensor<4096x2x65536x4xf32>) -> tensor<4096x2x65536x4xf32>
  return %0 : tensor<4096x2x65536x4xf32>
}

// A hole is no range, and stays.
// CHECK-LABEL: func @without_one
// CHECK: %[[HOLE:.*]] = graph.compare ne
// CHECK: graph.attention %arg0, %arg1, %arg2 mask %[[HOLE]] : {{.*}} causal :
func.func @without_one(%q: tensor<4096x2x65536x4xf32>, %k: tensor<4096x2x65536x4xf32>, %v: tensor<4096x2x65536x4xf32>) -> tensor<4096x2x65536x4xf32> {
  %row = graph.iota dim 2 : tensor<4096x1x65536x65536xi64>
  %column = graph.iota dim 3 : tensor<4096x1x65536x65536xi64>
  %hole = graph.constant dense<5> : tensor<4096x1x65536x65536xi64> -> tensor<4096x1x65536x65536xi64>
  %past = graph.compare le %column, %row : (tensor<4096x1x65536x65536xi64>, tensor<4096x1x65536x65536xi64>) -> tensor<4096x1x65536x65536xi1>
  %other = graph.compare ne %column, %hole : (tensor<4096x1x65536x65536xi64>, tensor<4096x1x65536x65536xi64>) -> tensor<4096x1x65536x65536xi1>
  %seen = graph.and %past, %other : (tensor<4096x1x65536x65536xi1>, tensor<4096x1x65536x65536xi1>) -> tensor<4096x1x65536x65536xi1>
  %0 = graph.attention %q, %k, %v mask %seen : tensor<4096x1x65536x65536xi1> scale 1.0 : (tensor<4096x2x65536x4xf32>, tensor<4096x2x65536x4xf32>, tensor<4096x2x65536x4xf32>) -> tensor<4096x2x65536x4xf32>
  return %0 : tensor<4096x2x65536x4xf32>
}

// Packed samples of 4096 positions, by an op that is not computed: it stays.
// CHECK-LABEL: func @blocks
// CHECK: %[[SAME:.*]] = graph.compare ge
// CHECK: graph.attention %arg0, %arg1, %arg2 mask %[[SAME]] : {{.*}} causal :
func.func @blocks(%q: tensor<4096x2x65536x4xf32>, %k: tensor<4096x2x65536x4xf32>, %v: tensor<4096x2x65536x4xf32>) -> tensor<4096x2x65536x4xf32> {
  %row = graph.iota dim 2 : tensor<4096x1x65536x65536xi64>
  %column = graph.iota dim 3 : tensor<4096x1x65536x65536xi64>
  %length = graph.constant dense<4096> : tensor<4096x1x65536x65536xi64> -> tensor<4096x1x65536x65536xi64>
  %sample = graph.div %row, %length : (tensor<4096x1x65536x65536xi64>, tensor<4096x1x65536x65536xi64>) -> tensor<4096x1x65536x65536xi64>
  %begin = graph.mul %sample, %length : (tensor<4096x1x65536x65536xi64>, tensor<4096x1x65536x65536xi64>) -> tensor<4096x1x65536x65536xi64>
  %same = graph.compare ge %column, %begin : (tensor<4096x1x65536x65536xi64>, tensor<4096x1x65536x65536xi64>) -> tensor<4096x1x65536x65536xi1>
  %past = graph.compare le %column, %row : (tensor<4096x1x65536x65536xi64>, tensor<4096x1x65536x65536xi64>) -> tensor<4096x1x65536x65536xi1>
  %seen = graph.and %past, %same : (tensor<4096x1x65536x65536xi1>, tensor<4096x1x65536x65536xi1>) -> tensor<4096x1x65536x65536xi1>
  %0 = graph.attention %q, %k, %v mask %seen : tensor<4096x1x65536x65536xi1> scale 1.0 : (tensor<4096x2x65536x4xf32>, tensor<4096x2x65536x4xf32>, tensor<4096x2x65536x4xf32>) -> tensor<4096x2x65536x4xf32>
  return %0 : tensor<4096x2x65536x4xf32>
}
