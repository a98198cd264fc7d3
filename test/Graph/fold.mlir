// RUN: vescale-opt --canonicalize %s | FileCheck %s

// CHECK-LABEL: func @neutral_elements
// CHECK-NEXT: return %arg0
func.func @neutral_elements(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = graph.constant dense<0.0> : tensor<4xf32> -> tensor<4xf32>
  %one = graph.constant dense<1.0> : tensor<4xf32> -> tensor<4xf32>
  %0 = graph.add %zero, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = graph.mul %0, %one : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %2 = graph.div %1, %one : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = graph.sub %2, %zero : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %4 = graph.pow %3, %one : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %4 : tensor<4xf32>
}

// Zero times infinity is not zero.
// CHECK-LABEL: func @times_zero
// CHECK: graph.mul
func.func @times_zero(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = graph.constant dense<0.0> : tensor<4xf32> -> tensor<4xf32>
  %0 = graph.mul %x, %zero : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// CHECK-LABEL: func @twice_negated
// CHECK-NEXT: return %arg0, %arg1
func.func @twice_negated(%x: tensor<4xf32>, %c: tensor<4xi1>) -> (tensor<4xf32>, tensor<4xi1>) {
  %0 = graph.neg %x : tensor<4xf32> -> tensor<4xf32>
  %1 = graph.neg %0 : tensor<4xf32> -> tensor<4xf32>
  %2 = graph.not %c : tensor<4xi1> -> tensor<4xi1>
  %3 = graph.not %2 : tensor<4xi1> -> tensor<4xi1>
  return %1, %3 : tensor<4xf32>, tensor<4xi1>
}

// CHECK-LABEL: func @logic
// CHECK-NEXT: %[[F:.*]] = graph.constant dense<false>
// CHECK-NEXT: return %arg0, %[[F]], %arg0
func.func @logic(%c: tensor<4xi1>) -> (tensor<4xi1>, tensor<4xi1>, tensor<4xi1>) {
  %true = graph.constant dense<true> : tensor<4xi1> -> tensor<4xi1>
  %false = graph.constant dense<false> : tensor<4xi1> -> tensor<4xi1>
  %0 = graph.and %c, %true : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
  %1 = graph.and %c, %false : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
  %2 = graph.or %false, %c : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
  return %0, %1, %2 : tensor<4xi1>, tensor<4xi1>, tensor<4xi1>
}

// CHECK-LABEL: func @known_selection
// CHECK-NEXT: return %arg1, %arg1
func.func @known_selection(%c: tensor<4xi1>, %x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %true = graph.constant dense<true> : tensor<4xi1> -> tensor<4xi1>
  %0 = graph.select %true, %x, %y : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = graph.select %c, %x, %x : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func @constants
// CHECK-DAG: dense<1> : tensor<3xi64>
// CHECK-DAG: dense<[true, false, false]>
// CHECK-DAG: dense<2.500000e-01>
// CHECK-DAG: dense<[5.000000e-01, 4.000000e+00, 1.000000e+00]>
// CHECK-NOT: graph.rem
func.func @constants() -> (tensor<3xi64>, tensor<3xi1>, tensor<3xf32>, tensor<3xf32>) {
  %i = graph.constant dense<[-3, 5, 7]> : tensor<3xi64> -> tensor<3xi64>
  %j = graph.constant dense<[-2, 4, 3]> : tensor<3xi64> -> tensor<3xi64>
  %two = graph.constant dense<2> : tensor<3xi64> -> tensor<3xi64>
  %zero = graph.constant dense<0> : tensor<3xi64> -> tensor<3xi64>
  %four = graph.constant dense<4.0> : tensor<3xf32> -> tensor<3xf32>
  %f = graph.constant dense<[2.0, 0.25, 1.0]> : tensor<3xf32> -> tensor<3xf32>
  %0 = graph.rem %i, %two : (tensor<3xi64>, tensor<3xi64>) -> tensor<3xi64>
  %1 = graph.mul %0, %0 : (tensor<3xi64>, tensor<3xi64>) -> tensor<3xi64>
  %2 = graph.compare lt %j, %zero : (tensor<3xi64>, tensor<3xi64>) -> tensor<3xi1>
  %3 = graph.reciprocal %four : tensor<3xf32> -> tensor<3xf32>
  %4 = graph.reciprocal %f : tensor<3xf32> -> tensor<3xf32>
  return %1, %2, %3, %4 : tensor<3xi64>, tensor<3xi1>, tensor<3xf32>, tensor<3xf32>
}

// A division by zero has no value when compiling either.
// CHECK-LABEL: func @division_by_zero
// CHECK: graph.div
func.func @division_by_zero() -> tensor<2xi64> {
  %x = graph.constant dense<[1, 2]> : tensor<2xi64> -> tensor<2xi64>
  %y = graph.constant dense<[1, 0]> : tensor<2xi64> -> tensor<2xi64>
  %0 = graph.div %x, %y : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  return %0 : tensor<2xi64>
}

// CHECK-LABEL: func @casts
// CHECK-NEXT: %[[D:.*]] = graph.cast %arg1 : tensor<4xi1> -> tensor<4xf32>
// CHECK-NEXT: return %arg0, %[[D]]
func.func @casts(%h: tensor<4xf16>, %c: tensor<4xi1>) -> (tensor<4xf16>, tensor<4xf32>) {
  %0 = graph.cast %h : tensor<4xf16> -> tensor<4xf32>
  %1 = graph.cast %0 : tensor<4xf32> -> tensor<4xf16>
  %2 = graph.cast %c : tensor<4xi1> -> tensor<4xi64>
  %3 = graph.cast %2 : tensor<4xi64> -> tensor<4xf32>
  return %1, %3 : tensor<4xf16>, tensor<4xf32>
}

// f16 rounds what f32 holds.
// CHECK-LABEL: func @lossy_casts
// CHECK-COUNT-2: graph.cast
func.func @lossy_casts(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = graph.cast %x : tensor<4xf32> -> tensor<4xf16>
  %1 = graph.cast %0 : tensor<4xf16> -> tensor<4xf32>
  return %1 : tensor<4xf32>
}
