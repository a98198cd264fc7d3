// RUN: vescale-opt --graph-raise-gelu %s | FileCheck %s
// RUN: %python %S/check_equal.py %s --graph-raise-gelu

// CHECK-LABEL: func @exact
// CHECK: graph.gelu none %arg0
// CHECK-NEXT: return
func.func @exact(%x: tensor<4xf32>) -> tensor<4xf32> {
  %sqrt2 = graph.constant dense<1.41421354> : tensor<4xf32> -> tensor<4xf32>
  %one = graph.constant dense<1.0> : tensor<4xf32> -> tensor<4xf32>
  %half = graph.constant dense<0.5> : tensor<4xf32> -> tensor<4xf32>
  %0 = graph.div %x, %sqrt2 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = graph.erf %0 : tensor<4xf32> -> tensor<4xf32>
  %2 = graph.add %1, %one : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = graph.mul %x, %2 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %4 = graph.mul %3, %half : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %4 : tensor<4xf32>
}

// GPT-2's: the cube as a power, halves first.
// CHECK-LABEL: func @approximated
// CHECK: graph.gelu tanh %arg0
// CHECK-NEXT: return
func.func @approximated(%x: tensor<4xf32>) -> tensor<4xf32> {
  %half = graph.constant dense<0.5> : tensor<4xf32> -> tensor<4xf32>
  %three = graph.constant dense<3.0> : tensor<4xf32> -> tensor<4xf32>
  %small = graph.constant dense<4.471500e-02> : tensor<4xf32> -> tensor<4xf32>
  %root = graph.constant dense<0.797884583> : tensor<4xf32> -> tensor<4xf32>
  %one = graph.constant dense<1.0> : tensor<4xf32> -> tensor<4xf32>
  %0 = graph.mul %x, %half : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = graph.pow %x, %three : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %2 = graph.mul %1, %small : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = graph.add %x, %2 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %4 = graph.mul %3, %root : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %5 = graph.tanh %4 : tensor<4xf32> -> tensor<4xf32>
  %6 = graph.add %5, %one : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %7 = graph.mul %0, %6 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %7 : tensor<4xf32>
}

// x · sigmoid(2z) with z = √(2/π)·x·(1 + 0.044715·x²) is the same function.
// CHECK-LABEL: func @by_sigmoid
// CHECK: graph.gelu tanh %arg0
// CHECK-NEXT: return
func.func @by_sigmoid(%x: tensor<4xf32>) -> tensor<4xf32> {
  %small = graph.constant dense<4.471500e-02> : tensor<4xf32> -> tensor<4xf32>
  %root = graph.constant dense<1.59576917> : tensor<4xf32> -> tensor<4xf32>
  %one = graph.constant dense<1.0> : tensor<4xf32> -> tensor<4xf32>
  %0 = graph.mul %x, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = graph.mul %0, %small : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %2 = graph.add %1, %one : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = graph.mul %x, %root : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %4 = graph.mul %3, %2 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %5 = graph.sigmoid %4 : tensor<4xf32> -> tensor<4xf32>
  %6 = graph.mul %5, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %6 : tensor<4xf32>
}

// x is itself a sum, and more follows.
// CHECK-LABEL: func @inside_a_formula
// CHECK: %[[S:.*]] = graph.add %arg0, %arg1
// CHECK-NEXT: %[[G:.*]] = graph.gelu none %[[S]]
// CHECK-NEXT: graph.mul %[[G]], %arg1
// CHECK-NEXT: return
func.func @inside_a_formula(%a: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<4xf32> {
  %root = graph.constant dense<0.707106769> : tensor<4xf32> -> tensor<4xf32>
  %one = graph.constant dense<1.0> : tensor<4xf32> -> tensor<4xf32>
  %half = graph.constant dense<0.5> : tensor<4xf32> -> tensor<4xf32>
  %x = graph.add %a, %b : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %0 = graph.mul %x, %root : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = graph.erf %0 : tensor<4xf32> -> tensor<4xf32>
  %2 = graph.add %one, %1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = graph.mul %2, %half : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %4 = graph.mul %3, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %5 = graph.mul %4, %b : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %5 : tensor<4xf32>
}

// x · sigmoid(1.702·x) is close to GELU, but another function.
// CHECK-LABEL: func @quick
// CHECK-NOT: graph.gelu
// CHECK: return
func.func @quick(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c = graph.constant dense<1.702> : tensor<4xf32> -> tensor<4xf32>
  %0 = graph.mul %x, %c : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = graph.sigmoid %0 : tensor<4xf32> -> tensor<4xf32>
  %2 = graph.mul %x, %1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %2 : tensor<4xf32>
}

// Equal to GELU between -6 and 6 only: a maximum is no analytic function.
// CHECK-LABEL: func @clamped
// CHECK: graph.max
// CHECK: graph.gelu none
func.func @clamped(%x: tensor<4xf32>) -> tensor<4xf32> {
  %low = graph.constant dense<-6.0> : tensor<4xf32> -> tensor<4xf32>
  %root = graph.constant dense<0.707106769> : tensor<4xf32> -> tensor<4xf32>
  %one = graph.constant dense<1.0> : tensor<4xf32> -> tensor<4xf32>
  %half = graph.constant dense<0.5> : tensor<4xf32> -> tensor<4xf32>
  %c = graph.max %x, %low : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %0 = graph.mul %c, %root : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = graph.erf %0 : tensor<4xf32> -> tensor<4xf32>
  %2 = graph.add %one, %1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = graph.mul %2, %half : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %4 = graph.mul %3, %c : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %4 : tensor<4xf32>
}
