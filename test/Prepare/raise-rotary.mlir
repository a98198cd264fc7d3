// RUN: vescale-opt --graph-raise-rotary %s | FileCheck %s
// RUN: %python %S/check_equal.py %s --graph-raise-rotary --field

// The tables are those of half the features twice.
// CHECK-LABEL: func @halves
// CHECK-DAG: %[[C:.*]] = graph.cos %arg1 : tensor<3x2xf32>
// CHECK-DAG: %[[S:.*]] = graph.sin %arg1 : tensor<3x2xf32>
// CHECK: graph.rotary %arg0, %[[C]], %[[S]] : (tensor<3x4xf32>, tensor<3x2xf32>, tensor<3x2xf32>)
// CHECK-NEXT: return
func.func @halves(%x: tensor<3x4xf32>, %angles: tensor<3x2xf32>) -> tensor<3x4xf32> {
  %twice = graph.concat %angles, %angles dim 1 : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x4xf32>
  %cos = graph.cos %twice : tensor<3x4xf32> -> tensor<3x4xf32>
  %sin = graph.sin %twice : tensor<3x4xf32> -> tensor<3x4xf32>
  %0 = graph.slice %x [0, 2] to [3, 4] step [1, 1] : tensor<3x4xf32> -> tensor<3x2xf32>
  %1 = graph.neg %0 : tensor<3x2xf32> -> tensor<3x2xf32>
  %2 = graph.slice %x [0, 0] to [3, 2] step [1, 1] : tensor<3x4xf32> -> tensor<3x2xf32>
  %3 = graph.concat %1, %2 dim 1 : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x4xf32>
  %4 = graph.mul %3, %sin : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  %5 = graph.mul %x, %cos : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  %6 = graph.add %5, %4 : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  return %6 : tensor<3x4xf32>
}

// Constant tables, for all heads.
// CHECK-LABEL: func @constant_tables
// CHECK-DAG: graph.constant dense<{{\[\[\[}}1.000000e+00], [5.000000e-01]{{\]\]}}> : tensor<1x2x1xf32>
// CHECK-DAG: graph.constant dense<{{\[\[\[}}0.000000e+00], [2.500000e-01]{{\]\]}}> : tensor<1x2x1xf32>
// CHECK: graph.rotary %arg0, {{.*}} : (tensor<3x2x2xf32>, tensor<1x2x1xf32>, tensor<1x2x1xf32>)
// CHECK-NEXT: return
func.func @constant_tables(%x: tensor<3x2x2xf32>) -> tensor<3x2x2xf32> {
  %c = graph.constant dense<[[1.0, 1.0], [0.5, 0.5]]> : tensor<2x2xf32> -> tensor<2x2xf32>
  %s = graph.constant dense<[[0.0, 0.0], [0.25, 0.25]]> : tensor<2x2xf32> -> tensor<2x2xf32>
  %cos = graph.broadcast %c dims [1, 2] : tensor<2x2xf32> -> tensor<3x2x2xf32>
  %sin = graph.broadcast %s dims [1, 2] : tensor<2x2xf32> -> tensor<3x2x2xf32>
  %0 = graph.slice %x [0, 0, 1] to [3, 2, 2] step [1, 1, 1] : tensor<3x2x2xf32> -> tensor<3x2x1xf32>
  %1 = graph.neg %0 : tensor<3x2x1xf32> -> tensor<3x2x1xf32>
  %2 = graph.slice %x [0, 0, 0] to [3, 2, 1] step [1, 1, 1] : tensor<3x2x2xf32> -> tensor<3x2x1xf32>
  %3 = graph.concat %1, %2 dim 2 : (tensor<3x2x1xf32>, tensor<3x2x1xf32>) -> tensor<3x2x2xf32>
  %4 = graph.mul %3, %sin : (tensor<3x2x2xf32>, tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  %5 = graph.mul %cos, %x : (tensor<3x2x2xf32>, tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  %6 = graph.add %4, %5 : (tensor<3x2x2xf32>, tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  return %6 : tensor<3x2x2xf32>
}

// Neighbours form pairs; positions are before heads, so rows are brought last.
// CHECK-LABEL: func @interleaved
// CHECK: %[[X:.*]] = graph.transpose %arg0 perm [1, 0, 2]
// CHECK: %[[R:.*]] = graph.rotary %[[X]], {{.*}} interleaved : (tensor<5x3x4xf32>, tensor<1x3x2xf32>, tensor<1x3x2xf32>)
// CHECK: graph.transpose %[[R]] perm [1, 0, 2]
// CHECK-NEXT: return
func.func @interleaved(%x: tensor<3x5x4xf32>, %c: tensor<3x2xf32>, %s: tensor<3x2xf32>) -> tensor<3x5x4xf32> {
  %0 = graph.slice %x [0, 0, 1] to [3, 5, 4] step [1, 1, 2] : tensor<3x5x4xf32> -> tensor<3x5x2xf32>
  %1 = graph.neg %0 : tensor<3x5x2xf32> -> tensor<3x5x2xf32>
  %2 = graph.slice %x [0, 0, 0] to [3, 5, 4] step [1, 1, 2] : tensor<3x5x4xf32> -> tensor<3x5x2xf32>
  %3 = graph.reshape %1 : tensor<3x5x2xf32> -> tensor<3x5x2x1xf32>
  %4 = graph.reshape %2 : tensor<3x5x2xf32> -> tensor<3x5x2x1xf32>
  %5 = graph.concat %3, %4 dim 3 : (tensor<3x5x2x1xf32>, tensor<3x5x2x1xf32>) -> tensor<3x5x2x2xf32>
  %6 = graph.reshape %5 : tensor<3x5x2x2xf32> -> tensor<3x5x4xf32>
  %7 = graph.broadcast %c dims [0, 1] : tensor<3x2xf32> -> tensor<3x2x2xf32>
  %8 = graph.reshape %7 : tensor<3x2x2xf32> -> tensor<3x4xf32>
  %cos = graph.broadcast %8 dims [0, 2] : tensor<3x4xf32> -> tensor<3x5x4xf32>
  %9 = graph.broadcast %s dims [0, 1] : tensor<3x2xf32> -> tensor<3x2x2xf32>
  %10 = graph.reshape %9 : tensor<3x2x2xf32> -> tensor<3x4xf32>
  %sin = graph.broadcast %10 dims [0, 2] : tensor<3x4xf32> -> tensor<3x5x4xf32>
  %11 = graph.mul %x, %cos : (tensor<3x5x4xf32>, tensor<3x5x4xf32>) -> tensor<3x5x4xf32>
  %12 = graph.mul %6, %sin : (tensor<3x5x4xf32>, tensor<3x5x4xf32>) -> tensor<3x5x4xf32>
  %13 = graph.add %11, %12 : (tensor<3x5x4xf32>, tensor<3x5x4xf32>) -> tensor<3x5x4xf32>
  return %13 : tensor<3x5x4xf32>
}

// Two of six features pass through.
// CHECK-LABEL: func @partial
// CHECK-NEXT: graph.rotary %arg0, %arg1, %arg2 : (tensor<3x6xf32>, tensor<3x2xf32>, tensor<3x2xf32>)
// CHECK-NEXT: return
func.func @partial(%x: tensor<3x6xf32>, %c: tensor<3x2xf32>, %s: tensor<3x2xf32>) -> tensor<3x6xf32> {
  %cos = graph.concat %c, %c dim 1 : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x4xf32>
  %sin = graph.concat %s, %s dim 1 : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x4xf32>
  %head = graph.slice %x [0, 0] to [3, 4] step [1, 1] : tensor<3x6xf32> -> tensor<3x4xf32>
  %tail = graph.slice %x [0, 4] to [3, 6] step [1, 1] : tensor<3x6xf32> -> tensor<3x2xf32>
  %0 = graph.slice %head [0, 2] to [3, 4] step [1, 1] : tensor<3x4xf32> -> tensor<3x2xf32>
  %1 = graph.neg %0 : tensor<3x2xf32> -> tensor<3x2xf32>
  %2 = graph.slice %head [0, 0] to [3, 2] step [1, 1] : tensor<3x4xf32> -> tensor<3x2xf32>
  %3 = graph.concat %1, %2 dim 1 : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x4xf32>
  %4 = graph.mul %3, %sin : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  %5 = graph.mul %head, %cos : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  %6 = graph.add %5, %4 : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  %7 = graph.concat %6, %tail dim 1 : (tensor<3x4xf32>, tensor<3x2xf32>) -> tensor<3x6xf32>
  return %7 : tensor<3x6xf32>
}

// The rotation turns the other way.
// CHECK-LABEL: func @backwards
// CHECK: %[[S:.*]] = graph.neg %arg2
// CHECK: graph.rotary %arg0, %arg1, %[[S]]
// CHECK-NEXT: return
func.func @backwards(%x: tensor<3x4xf32>, %c: tensor<3x2xf32>, %s: tensor<3x2xf32>) -> tensor<3x4xf32> {
  %cos = graph.concat %c, %c dim 1 : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x4xf32>
  %sin = graph.concat %s, %s dim 1 : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x4xf32>
  %0 = graph.slice %x [0, 2] to [3, 4] step [1, 1] : tensor<3x4xf32> -> tensor<3x2xf32>
  %1 = graph.neg %0 : tensor<3x2xf32> -> tensor<3x2xf32>
  %2 = graph.slice %x [0, 0] to [3, 2] step [1, 1] : tensor<3x4xf32> -> tensor<3x2xf32>
  %3 = graph.concat %1, %2 dim 1 : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x4xf32>
  %4 = graph.mul %3, %sin : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  %5 = graph.mul %x, %cos : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  %6 = graph.sub %5, %4 : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  return %6 : tensor<3x4xf32>
}

// Nothing says that both features of a pair turn by the same angle.
// CHECK-LABEL: func @unproved_tables
// CHECK-NOT: graph.rotary
// CHECK: return
func.func @unproved_tables(%x: tensor<3x4xf32>, %cos: tensor<3x4xf32>, %sin: tensor<3x4xf32>) -> tensor<3x4xf32> {
  %0 = graph.slice %x [0, 2] to [3, 4] step [1, 1] : tensor<3x4xf32> -> tensor<3x2xf32>
  %1 = graph.neg %0 : tensor<3x2xf32> -> tensor<3x2xf32>
  %2 = graph.slice %x [0, 0] to [3, 2] step [1, 1] : tensor<3x4xf32> -> tensor<3x2xf32>
  %3 = graph.concat %1, %2 dim 1 : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x4xf32>
  %4 = graph.mul %3, %sin : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  %5 = graph.mul %x, %cos : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  %6 = graph.add %5, %4 : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  return %6 : tensor<3x4xf32>
}

// The halves are swapped without a change of sign: no rotation.
// CHECK-LABEL: func @swapped_only
// CHECK-NOT: graph.rotary
// CHECK: return
func.func @swapped_only(%x: tensor<3x4xf32>, %c: tensor<3x2xf32>) -> tensor<3x4xf32> {
  %cos = graph.concat %c, %c dim 1 : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x4xf32>
  %0 = graph.slice %x [0, 2] to [3, 4] step [1, 1] : tensor<3x4xf32> -> tensor<3x2xf32>
  %2 = graph.slice %x [0, 0] to [3, 2] step [1, 1] : tensor<3x4xf32> -> tensor<3x2xf32>
  %3 = graph.concat %0, %2 dim 1 : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x4xf32>
  %4 = graph.mul %3, %cos : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  %5 = graph.mul %x, %cos : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  %6 = graph.add %5, %4 : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  return %6 : tensor<3x4xf32>
}

// Both halves are turned apart, by tables of one entry per pair.
// CHECK-LABEL: func @halves_apart
// CHECK: %[[C:.*]] = graph.reshape %arg1
// CHECK: %[[S:.*]] = graph.reshape %arg2
// CHECK: graph.rotary %arg0, %[[C]], %[[S]] : (tensor<2x3x4xf32>, tensor<1x3x2xf32>, tensor<1x3x2xf32>)
// CHECK-NEXT: return
func.func @halves_apart(%x: tensor<2x3x4xf32>, %c: tensor<3x2xf32>, %s: tensor<3x2xf32>) -> tensor<2x3x4xf32> {
  %cos = graph.broadcast %c dims [1, 2] : tensor<3x2xf32> -> tensor<2x3x2xf32>
  %sin = graph.broadcast %s dims [1, 2] : tensor<3x2xf32> -> tensor<2x3x2xf32>
  %a = graph.slice %x [0, 0, 0] to [2, 3, 2] step [1, 1, 1] : tensor<2x3x4xf32> -> tensor<2x3x2xf32>
  %b = graph.slice %x [0, 0, 2] to [2, 3, 4] step [1, 1, 1] : tensor<2x3x4xf32> -> tensor<2x3x2xf32>
  %ac = graph.mul %a, %cos : (tensor<2x3x2xf32>, tensor<2x3x2xf32>) -> tensor<2x3x2xf32>
  %bs = graph.mul %sin, %b : (tensor<2x3x2xf32>, tensor<2x3x2xf32>) -> tensor<2x3x2xf32>
  %as = graph.mul %a, %sin : (tensor<2x3x2xf32>, tensor<2x3x2xf32>) -> tensor<2x3x2xf32>
  %bc = graph.mul %cos, %b : (tensor<2x3x2xf32>, tensor<2x3x2xf32>) -> tensor<2x3x2xf32>
  %first = graph.sub %ac, %bs : (tensor<2x3x2xf32>, tensor<2x3x2xf32>) -> tensor<2x3x2xf32>
  %second = graph.add %as, %bc : (tensor<2x3x2xf32>, tensor<2x3x2xf32>) -> tensor<2x3x2xf32>
  %0 = graph.concat %first, %second dim 2 : (tensor<2x3x2xf32>, tensor<2x3x2xf32>) -> tensor<2x3x4xf32>
  return %0 : tensor<2x3x4xf32>
}

// As a product of complex numbers: neighbours are real and imaginary part, and
// set along a new dimension; turned the other way.
// CHECK-LABEL: func @complex_product
// CHECK: %[[S:.*]] = graph.neg %arg2
// CHECK: graph.rotary %arg0, %arg1, %[[S]] interleaved : (tensor<3x4xf32>, tensor<3x2xf32>, tensor<3x2xf32>)
// CHECK-NEXT: return
func.func @complex_product(%x: tensor<3x4xf32>, %c: tensor<3x2xf32>, %s: tensor<3x2xf32>) -> tensor<3x4xf32> {
  %pairs = graph.reshape %x : tensor<3x4xf32> -> tensor<3x2x2xf32>
  %real = graph.slice %pairs [0, 0, 0] to [3, 2, 1] step [1, 1, 1] : tensor<3x2x2xf32> -> tensor<3x2x1xf32>
  %imaginary = graph.slice %pairs [0, 0, 1] to [3, 2, 2] step [1, 1, 1] : tensor<3x2x2xf32> -> tensor<3x2x1xf32>
  %a = graph.reshape %real : tensor<3x2x1xf32> -> tensor<3x2xf32>
  %b = graph.reshape %imaginary : tensor<3x2x1xf32> -> tensor<3x2xf32>
  %ac = graph.mul %a, %c : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  %bs = graph.mul %b, %s : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  %as = graph.mul %a, %s : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  %bc = graph.mul %b, %c : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  %first = graph.add %ac, %bs : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  %second = graph.sub %bc, %as : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  %f = graph.reshape %first : tensor<3x2xf32> -> tensor<3x2x1xf32>
  %g = graph.reshape %second : tensor<3x2xf32> -> tensor<3x2x1xf32>
  %0 = graph.concat %f, %g dim 2 : (tensor<3x2x1xf32>, tensor<3x2x1xf32>) -> tensor<3x2x2xf32>
  %1 = graph.reshape %0 : tensor<3x2x2xf32> -> tensor<3x4xf32>
  return %1 : tensor<3x4xf32>
}

// The same where heads and pairs are split off at once.
// CHECK-LABEL: func @complex_product_of_heads
// CHECK: graph.rotary {{.*}} interleaved : (tensor<2x3x4xf32>, tensor<1x3x2xf32>, tensor<1x3x2xf32>)
func.func @complex_product_of_heads(%x: tensor<3x8xf32>, %c: tensor<3x2xf32>, %s: tensor<3x2xf32>) -> tensor<3x8xf32> {
  %cos = graph.broadcast %c dims [0, 2] : tensor<3x2xf32> -> tensor<3x2x2xf32>
  %sin = graph.broadcast %s dims [0, 2] : tensor<3x2xf32> -> tensor<3x2x2xf32>
  %pairs = graph.reshape %x : tensor<3x8xf32> -> tensor<3x2x2x2xf32>
  %real = graph.slice %pairs [0, 0, 0, 0] to [3, 2, 2, 1] step [1, 1, 1, 1] : tensor<3x2x2x2xf32> -> tensor<3x2x2x1xf32>
  %imaginary = graph.slice %pairs [0, 0, 0, 1] to [3, 2, 2, 2] step [1, 1, 1, 1] : tensor<3x2x2x2xf32> -> tensor<3x2x2x1xf32>
  %a = graph.reshape %real : tensor<3x2x2x1xf32> -> tensor<3x2x2xf32>
  %b = graph.reshape %imaginary : tensor<3x2x2x1xf32> -> tensor<3x2x2xf32>
  %ac = graph.mul %a, %cos : (tensor<3x2x2xf32>, tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  %bs = graph.mul %b, %sin : (tensor<3x2x2xf32>, tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  %as = graph.mul %a, %sin : (tensor<3x2x2xf32>, tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  %bc = graph.mul %b, %cos : (tensor<3x2x2xf32>, tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  %first = graph.sub %ac, %bs : (tensor<3x2x2xf32>, tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  %second = graph.add %as, %bc : (tensor<3x2x2xf32>, tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  %f = graph.reshape %first : tensor<3x2x2xf32> -> tensor<3x2x2x1xf32>
  %g = graph.reshape %second : tensor<3x2x2xf32> -> tensor<3x2x2x1xf32>
  %0 = graph.concat %f, %g dim 3 : (tensor<3x2x2x1xf32>, tensor<3x2x2x1xf32>) -> tensor<3x2x2x2xf32>
  %1 = graph.reshape %0 : tensor<3x2x2x2xf32> -> tensor<3x8xf32>
  return %1 : tensor<3x8xf32>
}

// Both features turn by tables of their own: no rotation.
// CHECK-LABEL: func @two_angles
// CHECK-NOT: graph.rotary
// CHECK: return
func.func @two_angles(%x: tensor<3x4xf32>, %c: tensor<3x2xf32>, %s: tensor<3x2xf32>, %t: tensor<3x2xf32>) -> tensor<3x4xf32> {
  %a = graph.slice %x [0, 0] to [3, 2] step [1, 1] : tensor<3x4xf32> -> tensor<3x2xf32>
  %b = graph.slice %x [0, 2] to [3, 4] step [1, 1] : tensor<3x4xf32> -> tensor<3x2xf32>
  %ac = graph.mul %a, %c : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  %bs = graph.mul %b, %s : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  %as = graph.mul %a, %t : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  %bc = graph.mul %b, %c : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  %first = graph.sub %ac, %bs : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  %second = graph.add %bc, %as : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  %0 = graph.concat %first, %second dim 1 : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}
