// RUN: vescale-opt --graph-simplify %s | FileCheck %s
// RUN: %python %S/check_equal.py %s --graph-simplify

// CHECK-LABEL: func @flattened_product
// CHECK-NEXT: %[[R:.*]] = graph.dot %arg0, %arg1 batch [] x [] contract [2] x [0] : (tensor<2x3x4xf32>, tensor<4x5xf32>) -> tensor<2x3x5xf32>
// CHECK-NEXT: return %[[R]]
func.func @flattened_product(%x: tensor<2x3x4xf32>, %w: tensor<4x5xf32>) -> tensor<2x3x5xf32> {
  %0 = graph.reshape %x : tensor<2x3x4xf32> -> tensor<6x4xf32>
  %1 = graph.dot %0, %w batch [] x [] contract [1] x [0] : (tensor<6x4xf32>, tensor<4x5xf32>) -> tensor<6x5xf32>
  %2 = graph.reshape %1 : tensor<6x5xf32> -> tensor<2x3x5xf32>
  return %2 : tensor<2x3x5xf32>
}

// A bias and an activation lie between flattening and its end.
// CHECK-LABEL: func @flattened_layer
// CHECK-NOT: graph.reshape
// CHECK: graph.broadcast %arg2 dims [2] : tensor<5xf32> -> tensor<2x3x5xf32>
// CHECK-NOT: graph.reshape
// CHECK: graph.relu
// CHECK-NEXT: return
func.func @flattened_layer(%x: tensor<2x3x4xf32>, %w: tensor<4x5xf32>, %b: tensor<5xf32>) -> tensor<2x3x5xf32> {
  %0 = graph.reshape %x : tensor<2x3x4xf32> -> tensor<6x4xf32>
  %1 = graph.dot %0, %w batch [] x [] contract [1] x [0] : (tensor<6x4xf32>, tensor<4x5xf32>) -> tensor<6x5xf32>
  %2 = graph.broadcast %b dims [1] : tensor<5xf32> -> tensor<6x5xf32>
  %3 = graph.add %1, %2 : (tensor<6x5xf32>, tensor<6x5xf32>) -> tensor<6x5xf32>
  %4 = graph.relu %3 : tensor<6x5xf32> -> tensor<6x5xf32>
  %5 = graph.reshape %4 : tensor<6x5xf32> -> tensor<2x3x5xf32>
  return %5 : tensor<2x3x5xf32>
}

// A bias has only the flattened form; it is what changes its shape.
// CHECK-LABEL: func @flattened_scores
// CHECK: %[[B:.+]] = graph.reshape %arg1 : tensor<6x4xf32> -> tensor<2x3x4xf32>
// CHECK-NEXT: %[[S:.+]] = graph.add %arg0, %[[B]] : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
// CHECK-NEXT: return %[[S]]
func.func @flattened_scores(%x: tensor<2x3x4xf32>, %b: tensor<6x4xf32>) -> tensor<2x3x4xf32> {
  %0 = graph.reshape %x : tensor<2x3x4xf32> -> tensor<6x4xf32>
  %1 = graph.add %0, %b : (tensor<6x4xf32>, tensor<6x4xf32>) -> tensor<6x4xf32>
  %2 = graph.reshape %1 : tensor<6x4xf32> -> tensor<2x3x4xf32>
  return %2 : tensor<2x3x4xf32>
}

// CHECK-LABEL: func @heads_merged_and_flattened
// CHECK-NEXT: graph.reshape %arg0 : tensor<2x3x2x2xf32> -> tensor<2x3x4xf32>
// CHECK-NEXT: graph.dot {{.*}} contract [2] x [0]
// CHECK-NEXT: return
func.func @heads_merged_and_flattened(%x: tensor<2x3x2x2xf32>, %w: tensor<4x5xf32>) -> tensor<2x3x5xf32> {
  %0 = graph.reshape %x : tensor<2x3x2x2xf32> -> tensor<6x4xf32>
  %1 = graph.dot %0, %w batch [] x [] contract [1] x [0] : (tensor<6x4xf32>, tensor<4x5xf32>) -> tensor<6x5xf32>
  %2 = graph.reshape %1 : tensor<6x5xf32> -> tensor<2x3x5xf32>
  return %2 : tensor<2x3x5xf32>
}

// CHECK-LABEL: func @square
// CHECK-NEXT: graph.mul %arg0, %arg0
// CHECK-NEXT: return
func.func @square(%x: tensor<4xf32>) -> tensor<4xf32> {
  %two = graph.constant dense<2.0> : tensor<f32> -> tensor<f32>
  %0 = graph.broadcast %two dims [] : tensor<f32> -> tensor<4xf32>
  %1 = graph.pow %x, %0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// The exponent 2.5 has no simpler form.
// CHECK-LABEL: func @other_power
// CHECK: graph.pow
func.func @other_power(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = graph.constant dense<2.5> : tensor<4xf32> -> tensor<4xf32>
  %a = graph.abs %x : tensor<4xf32> -> tensor<4xf32>
  %1 = graph.pow %a, %0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// CHECK-LABEL: func @inverse_root
// CHECK-NEXT: %[[A:.*]] = graph.abs
// CHECK-NEXT: graph.rsqrt %[[A]]
// CHECK-NEXT: return
func.func @inverse_root(%x: tensor<4xf32>) -> tensor<4xf32> {
  %one = graph.constant dense<1.0> : tensor<4xf32> -> tensor<4xf32>
  %a = graph.abs %x : tensor<4xf32> -> tensor<4xf32>
  %0 = graph.sqrt %a : tensor<4xf32> -> tensor<4xf32>
  %1 = graph.div %one, %0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// CHECK-LABEL: func @broadcasts_sink
// CHECK-NEXT: %[[M:.*]] = graph.mul %arg0, %arg1 : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
// CHECK-NEXT: graph.broadcast %[[M]] dims [1] : tensor<3xf32> -> tensor<2x3xf32>
// CHECK-NEXT: return
func.func @broadcasts_sink(%x: tensor<3xf32>, %y: tensor<3xf32>) -> tensor<2x3xf32> {
  %0 = graph.broadcast %x dims [1] : tensor<3xf32> -> tensor<2x3xf32>
  %1 = graph.broadcast %y dims [1] : tensor<3xf32> -> tensor<2x3xf32>
  %2 = graph.mul %0, %1 : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %2 : tensor<2x3xf32>
}

// All dimensions are needed by one operand or the other.
// CHECK-LABEL: func @outer_product
// CHECK: graph.mul {{.*}} -> tensor<2x3xf32>
// CHECK-NEXT: return
func.func @outer_product(%x: tensor<2xf32>, %y: tensor<3xf32>) -> tensor<2x3xf32> {
  %0 = graph.broadcast %x dims [0] : tensor<2xf32> -> tensor<2x3xf32>
  %1 = graph.broadcast %y dims [1] : tensor<3xf32> -> tensor<2x3xf32>
  %2 = graph.mul %0, %1 : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %2 : tensor<2x3xf32>
}

// CHECK-LABEL: func @lookup_of_range
// CHECK-NEXT: graph.slice %arg0 [1, 0] to [4, 2] step [1, 1]
// CHECK-NEXT: return
func.func @lookup_of_range(%table: tensor<5x2xf32>) -> tensor<3x2xf32> {
  %0 = graph.constant dense<[1, 2, 3]> : tensor<3xi64> -> tensor<3xi64>
  %1 = graph.take %table[%0] axis 0 : (tensor<5x2xf32>, tensor<3xi64>) -> tensor<3x2xf32>
  return %1 : tensor<3x2xf32>
}

// CHECK-LABEL: func @lookup_from_the_end
// CHECK-NEXT: graph.slice %arg0 [4, 0] to [5, 2] step [1, 1]
func.func @lookup_from_the_end(%table: tensor<5x2xf32>) -> tensor<2xf32> {
  %0 = graph.constant dense<-1> : tensor<i64> -> tensor<i64>
  %1 = graph.take %table[%0] axis 0 : (tensor<5x2xf32>, tensor<i64>) -> tensor<2xf32>
  return %1 : tensor<2xf32>
}

// CHECK-LABEL: func @lookup_of_one
// CHECK-NEXT: %[[ROW:.*]] = graph.slice %arg0 [0, 4, 0] to [2, 5, 2] step [1, 1, 1]
// CHECK-NEXT: %[[FLAT:.*]] = graph.reshape %[[ROW]] : tensor<2x1x2xf32> -> tensor<2x2xf32>
// CHECK-NEXT: graph.broadcast %[[FLAT]] dims [0, 3] : tensor<2x2xf32> -> tensor<2x3x4x2xf32>
func.func @lookup_of_one(%table: tensor<2x5x2xf32>) -> tensor<2x3x4x2xf32> {
  %0 = graph.constant dense<-1> : tensor<3x4xi64> -> tensor<3x4xi64>
  %1 = graph.take %table[%0] axis 1 : (tensor<2x5x2xf32>, tensor<3x4xi64>) -> tensor<2x3x4x2xf32>
  return %1 : tensor<2x3x4x2xf32>
}

// CHECK-LABEL: func @lookup_of_broadcast
// CHECK-NEXT: %[[ROWS:.*]] = graph.take %arg0[%arg1] axis 1
// CHECK-NEXT: graph.broadcast %[[ROWS]] dims [0, 2, 3] : tensor<2x4x2xf32> -> tensor<2x3x4x2xf32>
func.func @lookup_of_broadcast(%table: tensor<2x5x2xf32>, %at: tensor<4xi64>) -> tensor<2x3x4x2xf32> {
  %0 = graph.broadcast %at dims [1] : tensor<4xi64> -> tensor<3x4xi64>
  %1 = graph.take %table[%0] axis 1 : (tensor<2x5x2xf32>, tensor<3x4xi64>) -> tensor<2x3x4x2xf32>
  return %1 : tensor<2x3x4x2xf32>
}

// CHECK-LABEL: func @lookup_of_others
// CHECK: graph.take
func.func @lookup_of_others(%table: tensor<5x2xf32>) -> tensor<3x2xf32> {
  %0 = graph.constant dense<[1, 3, 2]> : tensor<3xi64> -> tensor<3xi64>
  %1 = graph.take %table[%0] axis 0 : (tensor<5x2xf32>, tensor<3xi64>) -> tensor<3x2xf32>
  return %1 : tensor<3x2xf32>
}

// CHECK-LABEL: func @negative_summand
// CHECK-NEXT: graph.sub %arg0, %arg1
// CHECK-NEXT: return
func.func @negative_summand(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  %0 = graph.neg %y : tensor<4xf32> -> tensor<4xf32>
  %1 = graph.add %0, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// CHECK-LABEL: func @inverted_selection
// CHECK-NEXT: graph.select %arg0, %arg2, %arg1
// CHECK-NEXT: return
func.func @inverted_selection(%c: tensor<4xi1>, %x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  %0 = graph.not %c : tensor<4xi1> -> tensor<4xi1>
  %1 = graph.select %0, %x, %y : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// CHECK-LABEL: func @sum_of_one_element
// CHECK-NEXT: graph.reshape %arg0 : tensor<4x1xf32> -> tensor<4xf32>
// CHECK-NEXT: return
func.func @sum_of_one_element(%x: tensor<4x1xf32>) -> tensor<4xf32> {
  %0 = graph.reduce sum %x dims [1] : tensor<4x1xf32> -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// What an op says besides its operands stays.
// CHECK-LABEL: func @comparison_sinks
// CHECK-NEXT: %[[C:.*]] = graph.compare lt %arg0, %arg1 : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xi1>
// CHECK-NEXT: graph.broadcast %[[C]] dims [1] : tensor<3xi1> -> tensor<2x3xi1>
// CHECK-NEXT: return
func.func @comparison_sinks(%x: tensor<3xf32>, %y: tensor<3xf32>) -> tensor<2x3xi1> {
  %0 = graph.broadcast %x dims [1] : tensor<3xf32> -> tensor<2x3xf32>
  %1 = graph.broadcast %y dims [1] : tensor<3xf32> -> tensor<2x3xf32>
  %2 = graph.compare lt %0, %1 : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xi1>
  return %2 : tensor<2x3xi1>
}
