// RUN: vescale-opt %s --train-differentiate | FileCheck %s

// CHECK-LABEL: func.func @product
// CHECK-SAME: -> (tensor<f32>, tensor<4xf32> {graph.name = "gradient(w)"})
// CHECK: %[[W:.*]] = graph.parameter "w"
// CHECK: %[[LOSS:.*]] = graph.reduce sum
// CHECK-NEXT: %[[ONE:.*]] = graph.constant dense<1.000000e+00> : tensor<f32> {graph.backward} -> tensor<f32>
// CHECK-NEXT: %[[ALL:.*]] = graph.broadcast %[[ONE]] dims [] {graph.backward}
// CHECK-NEXT: %[[GRADIENT:.*]] = graph.mul %[[ALL]], %arg0 {graph.backward}
// CHECK-NEXT: return %[[LOSS]], %[[GRADIENT]]
func.func @product(%x: tensor<4xf32>) -> tensor<f32> {
  %w = graph.parameter "w" {graph.trained} : tensor<4xf32>
  %0 = graph.mul %x, %w : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = graph.reduce sum %0 dims [0] : tensor<4xf32> -> tensor<f32>
  return %1 : tensor<f32>
}

// The gradients of two uses are summed, the first use first.
// CHECK-LABEL: func.func @two_uses
// CHECK: %[[OF_SIN:.*]] = graph.neg
// CHECK: %[[OF_EXP:.*]] = graph.mul
// CHECK: graph.add %[[OF_EXP]], %[[OF_SIN]] {graph.backward}
func.func @two_uses(%x: tensor<f32> {graph.trained}) -> tensor<f32> {
  %0 = graph.exp %x : tensor<f32> -> tensor<f32>
  %1 = graph.cos %x : tensor<f32> -> tensor<f32>
  %2 = graph.add %0, %1 : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %2 : tensor<f32>
}

// No dimension of a weight's gradient has to be transposed, however it is stored.
// CHECK-LABEL: func.func @weights
// CHECK: graph.dot %{{.*}}, %arg0 batch [] x [] contract [0, 1] x [0, 1] {graph.backward} : (tensor<2x3x5xf32>, tensor<2x3x4xf32>) -> tensor<5x4xf32>
// CHECK-NOT: graph.transpose
// CHECK: graph.dot %arg0, %{{.*}} batch [] x [] contract [0, 1] x [0, 1] {graph.backward} : (tensor<2x3x4xf32>, tensor<2x3x5xf32>) -> tensor<4x5xf32>
// CHECK-NOT: graph.transpose
func.func @weights(%x: tensor<2x3x4xf32>, %a: tensor<4x5xf32> {graph.trained},
                   %b: tensor<5x4xf32> {graph.trained}) -> tensor<f32> {
  %0 = graph.dot %x, %a batch [] x [] contract [2] x [0] : (tensor<2x3x4xf32>, tensor<4x5xf32>) -> tensor<2x3x5xf32>
  %1 = graph.dot %x, %b batch [] x [] contract [2] x [1] : (tensor<2x3x4xf32>, tensor<5x4xf32>) -> tensor<2x3x5xf32>
  %2 = graph.mul %0, %1 : (tensor<2x3x5xf32>, tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  %3 = graph.reduce sum %2 dims [0, 1, 2] : tensor<2x3x5xf32> -> tensor<f32>
  return %3 : tensor<f32>
}

// What leads to no trained value gets no gradient; what the loss does not depend
// on has one of zeros.
// CHECK-LABEL: func.func @frozen
// CHECK-SAME: tensor<3xf32> {graph.name = "gradient(arg1)"}
// CHECK: graph.exp
// CHECK-NEXT: graph.reduce
// CHECK-NEXT: %[[ZEROS:.*]] = graph.constant dense<0.000000e+00> : tensor<3xf32> {graph.backward} -> tensor<3xf32>
// CHECK-NEXT: return %{{.*}}, %[[ZEROS]]
func.func @frozen(%x: tensor<4xf32>, %unused: tensor<3xf32> {graph.trained}) -> tensor<f32> {
  %0 = graph.exp %x : tensor<4xf32> -> tensor<4xf32>
  %1 = graph.reduce sum %0 dims [0] : tensor<4xf32> -> tensor<f32>
  return %1 : tensor<f32>
}

// Through a rounding nothing flows.
// CHECK-LABEL: func.func @rounded
// CHECK: graph.round
// CHECK-NOT: graph.mul
// CHECK: return
func.func @rounded(%x: tensor<f32> {graph.trained}) -> tensor<f32> {
  %0 = graph.round %x : tensor<f32> -> tensor<f32>
  return %0 : tensor<f32>
}

// One label per row needs no sum: the gradient of the loss is a selection.
// CHECK-LABEL: func.func @picked
// CHECK: graph.reduce
// CHECK-NOT: graph.reduce
// CHECK: return
func.func @picked(%x: tensor<6x9xf32> {graph.trained}, %labels: tensor<6x1xi64>) -> tensor<f32> {
  %0 = graph.take_along %x[%labels] axis 1 : (tensor<6x9xf32>, tensor<6x1xi64>) -> tensor<6x1xf32>
  %1 = graph.reduce sum %0 dims [0, 1] : tensor<6x1xf32> -> tensor<f32>
  return %1 : tensor<f32>
}

// The forward attention gives what its gradient computes the weights from.
// CHECK-LABEL: func.func @attention
// CHECK: %[[RESULT:.*]], %[[LSE:.*]] = graph.attention {{.*}} lse tensor<1x2x3xf32>
// CHECK: %[[PRODUCT:.*]] = graph.mul %[[RESULT]], %[[DY:.*]] {graph.backward}
// CHECK: %[[DELTA:.*]] = graph.reduce sum %[[PRODUCT]] dims [3]
// CHECK: %[[QUERY:.*]], %[[KEY:.*]], %[[VALUE:.*]] = graph.attention_grad %arg0, %arg1, %arg1 result %[[DY]] lse %[[LSE]] delta %[[DELTA]] scale 5.000000e-01 causal {graph.backward}
// CHECK: graph.add %[[KEY]], %[[VALUE]] {graph.backward}
func.func @attention(%q: tensor<1x2x3x4xf32>, %kv: tensor<1x1x5x4xf32> {graph.trained}) -> tensor<f32> {
  %0 = graph.attention %q, %kv, %kv scale 0.5 causal : (tensor<1x2x3x4xf32>, tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32>) -> tensor<1x2x3x4xf32>
  %1 = graph.reduce sum %0 dims [0, 1, 2, 3] : tensor<1x2x3x4xf32> -> tensor<f32>
  return %1 : tensor<f32>
}

// A mask that is trained needs the gradient of every score, so attention is
// taken apart.
// CHECK-LABEL: func.func @trained_mask
// CHECK-NOT: graph.attention
// CHECK: return
func.func @trained_mask(%q: tensor<1x2x3x4xf32>, %kv: tensor<1x1x5x4xf32>, %mask: tensor<1x2x3x5xf32> {graph.trained}) -> tensor<f32> {
  %0 = graph.attention %q, %kv, %kv mask %mask : tensor<1x2x3x5xf32> scale 0.5 : (tensor<1x2x3x4xf32>, tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32>) -> tensor<1x2x3x4xf32>
  %1 = graph.reduce sum %0 dims [0, 1, 2, 3] : tensor<1x2x3x4xf32> -> tensor<f32>
  return %1 : tensor<f32>
}

// CHECK-LABEL: func.func @lookup
// CHECK: graph.scatter_add %{{.*}}[%arg1] dim 0 {graph.backward} : (tensor<2x3x4xf32>, tensor<2x3xi64>) -> tensor<7x4xf32>
func.func @lookup(%table: tensor<7x4xf32> {graph.trained}, %tokens: tensor<2x3xi64>) -> tensor<f32> {
  %0 = graph.take %table[%tokens] axis 0 : (tensor<7x4xf32>, tensor<2x3xi64>) -> tensor<2x3x4xf32>
  %1 = graph.exp %0 : tensor<2x3x4xf32> -> tensor<2x3x4xf32>
  %2 = graph.reduce sum %1 dims [0, 1, 2] : tensor<2x3x4xf32> -> tensor<f32>
  return %2 : tensor<f32>
}

// The gradient of a weight that is used transposed is the product with its
// factors exchanged.
// CHECK-LABEL: func.func @transposed_weight
// CHECK: graph.dot %{{.*}}, %arg0 batch [] x [] contract [0] x [0] {graph.backward} : (tensor<3x5xf32>, tensor<3x4xf32>) -> tensor<5x4xf32>
// CHECK-NOT: graph.{{dot|transpose}}
// CHECK: return
func.func @transposed_weight(%x: tensor<3x4xf32>, %w: tensor<5x4xf32> {graph.trained}) -> tensor<f32> {
  %0 = graph.transpose %w perm [1, 0] : tensor<5x4xf32> -> tensor<4x5xf32>
  %1 = graph.dot %x, %0 batch [] x [] contract [1] x [0] : (tensor<3x4xf32>, tensor<4x5xf32>) -> tensor<3x5xf32>
  %2 = graph.reduce sum %1 dims [0, 1] : tensor<3x5xf32> -> tensor<f32>
  return %2 : tensor<f32>
}

// What a softmax has in memory is its sum; its powers are computed anew.
// CHECK-LABEL: func.func @powers
// CHECK: graph.exp
// CHECK: %[[AGAIN:.*]] = graph.sub %arg0, %{{.*}} {graph.backward}
// CHECK: graph.exp %[[AGAIN]] {graph.backward}
func.func @powers(%x: tensor<3x4xf32> {graph.trained}) -> tensor<f32> {
  %0 = graph.reduce max %x dims [1] : tensor<3x4xf32> -> tensor<3xf32>
  %1 = graph.broadcast %0 dims [0] : tensor<3xf32> -> tensor<3x4xf32>
  %2 = graph.sub %x, %1 : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  %3 = graph.exp %2 : tensor<3x4xf32> -> tensor<3x4xf32>
  %4 = graph.reduce sum %3 dims [0, 1] : tensor<3x4xf32> -> tensor<f32>
  return %4 : tensor<f32>
}

// A convolution's gradients multiply nothing by the zeros between strides: the
// input's is a convolution for each position modulo the stride, the weight's a
// product for each place of the window.
// CHECK-LABEL: func.func @strided_conv
// CHECK: graph.conv {{.*}} strides [2, 2]
// CHECK-COUNT-4: graph.conv %{{.*}} strides [1, 1] {{.*}} -> tensor<1x2x3x3xf32>
// CHECK-NOT: graph.conv
// CHECK-COUNT-9: graph.dot %{{.*}} contract [2] x [2] {{.*}} -> tensor<1x3x2xf32>
// CHECK-NOT: graph.dot
func.func @strided_conv(%x: tensor<1x2x5x6xf32> {graph.trained}, %w: tensor<3x2x3x3xf32> {graph.trained}) -> tensor<f32> {
  %0 = graph.conv %x, %w strides [2, 2] dilations [1, 1] pad [1, 1] x [1, 1] groups 1 : (tensor<1x2x5x6xf32>, tensor<3x2x3x3xf32>) -> tensor<1x3x3x3xf32>
  %1 = graph.reduce sum %0 dims [0, 1, 2, 3] : tensor<1x3x3x3xf32> -> tensor<f32>
  return %1 : tensor<f32>
}

// What a shift and a scale of many elements have for gradients share a sum: the
// scale, the same for all that is added up, is multiplied afterwards.
// CHECK-LABEL: func.func @shift_and_scale
// CHECK-SAME: (%{{.*}}, %[[T:.*]]: tensor<4x3xf32>, %{{.*}}, %[[S:.*]]: tensor<3xf32> {graph.trained})
// CHECK: %[[SUM:.*]] = graph.reduce sum %[[T]] dims [0] {graph.backward}
// CHECK: %[[ONES:.*]] = graph.mul %[[SUM]], %{{.*}} {graph.backward} : (tensor<3xf32>, tensor<3xf32>)
// CHECK: %[[SCALED:.*]] = graph.mul %[[ONES]], %[[S]] {graph.backward} : (tensor<3xf32>, tensor<3xf32>)
// CHECK: %[[M:.*]] = graph.neg %[[SCALED]] {graph.backward}
// CHECK: return %{{.*}}, %[[M]], %{{.*}}
func.func @shift_and_scale(%x: tensor<4x3xf32>, %t: tensor<4x3xf32>, %m: tensor<3xf32> {graph.trained}, %s: tensor<3xf32> {graph.trained}) -> tensor<f32> {
  %0 = graph.broadcast %m dims [1] : tensor<3xf32> -> tensor<4x3xf32>
  %1 = graph.sub %x, %0 : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  %2 = graph.broadcast %s dims [1] : tensor<3xf32> -> tensor<4x3xf32>
  %3 = graph.mul %1, %2 : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  %4 = graph.mul %3, %t : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  %5 = graph.reduce sum %4 dims [0, 1] : tensor<4x3xf32> -> tensor<f32>
  return %5 : tensor<f32>
}
