// RUN: vescale-opt --prepare --split-input-file %s | FileCheck %s
// RUN: %python %S/check_equal.py %s --prepare

// A block of GPT-2 as Gemm and Split have it: one projection, flattened.
// CHECK-LABEL: func @main
// CHECK-SAME: "gpt2"
// CHECK-DAG: %[[WQ:.*]] = graph.parameter "w" {{.*}} view 0 [12, 1] : tensor<4x4xf32>
// CHECK-DAG: %[[WK:.*]] = graph.parameter "w" {{.*}} view 4 [12, 1] : tensor<4x4xf32>
// CHECK-DAG: %[[WV:.*]] = graph.parameter "w" {{.*}} view 8 [12, 1] : tensor<4x4xf32>
// CHECK-DAG: graph.dot %arg0, %[[WQ]] {{.*}} -> tensor<2x3x4xf32>
// CHECK-DAG: graph.dot %arg0, %[[WK]] {{.*}} -> tensor<2x3x4xf32>
// CHECK-DAG: graph.dot %arg0, %[[WV]] {{.*}} -> tensor<2x3x4xf32>
// CHECK: graph.attention {{.*}} scale 0.707{{[0-9]+}} causal : (tensor<2x2x3x2xf32>,
// CHECK-NOT: graph.slice
// CHECK: return
func.func @main(%x: tensor<2x3x4xf32> {graph.name = "gpt2"}) -> tensor<2x3x4xf32> {
  %w = graph.parameter "w" source <"m", 0, 192, tensor<4x12xf32>> : tensor<4x12xf32>
  %b = graph.parameter "b" source <"m", 192, 48, tensor<12xf32>> : tensor<12xf32>
  %root = graph.constant dense<1.41421354> : tensor<2x2x3x3xf32> -> tensor<2x2x3x3xf32>
  %c = graph.constant dense<[[0.0, -3.40282347E+38, -3.40282347E+38], [0.0, 0.0, -3.40282347E+38], [0.0, 0.0, 0.0]]> : tensor<3x3xf32> -> tensor<3x3xf32>
  %mask = graph.broadcast %c dims [2, 3] : tensor<3x3xf32> -> tensor<2x2x3x3xf32>
  %bias = graph.broadcast %b dims [1] : tensor<12xf32> -> tensor<6x12xf32>
  %flat = graph.reshape %x : tensor<2x3x4xf32> -> tensor<6x4xf32>
  %0 = graph.dot %flat, %w batch [] x [] contract [1] x [0] : (tensor<6x4xf32>, tensor<4x12xf32>) -> tensor<6x12xf32>
  %1 = graph.add %0, %bias : (tensor<6x12xf32>, tensor<6x12xf32>) -> tensor<6x12xf32>
  %2 = graph.reshape %1 : tensor<6x12xf32> -> tensor<2x3x12xf32>
  %3 = graph.slice %2 [0, 0, 0] to [2, 3, 4] step [1, 1, 1] : tensor<2x3x12xf32> -> tensor<2x3x4xf32>
  %4 = graph.slice %2 [0, 0, 4] to [2, 3, 8] step [1, 1, 1] : tensor<2x3x12xf32> -> tensor<2x3x4xf32>
  %5 = graph.slice %2 [0, 0, 8] to [2, 3, 12] step [1, 1, 1] : tensor<2x3x12xf32> -> tensor<2x3x4xf32>
  %6 = graph.reshape %3 : tensor<2x3x4xf32> -> tensor<2x3x2x2xf32>
  %7 = graph.reshape %4 : tensor<2x3x4xf32> -> tensor<2x3x2x2xf32>
  %8 = graph.reshape %5 : tensor<2x3x4xf32> -> tensor<2x3x2x2xf32>
  %9 = graph.transpose %6 perm [0, 2, 1, 3] : tensor<2x3x2x2xf32> -> tensor<2x2x3x2xf32>
  %10 = graph.transpose %7 perm [0, 2, 3, 1] : tensor<2x3x2x2xf32> -> tensor<2x2x2x3xf32>
  %11 = graph.transpose %8 perm [0, 2, 1, 3] : tensor<2x3x2x2xf32> -> tensor<2x2x3x2xf32>
  %12 = graph.dot %9, %10 batch [0, 1] x [0, 1] contract [3] x [2] : (tensor<2x2x3x2xf32>, tensor<2x2x2x3xf32>) -> tensor<2x2x3x3xf32>
  %13 = graph.div %12, %root : (tensor<2x2x3x3xf32>, tensor<2x2x3x3xf32>) -> tensor<2x2x3x3xf32>
  %14 = graph.add %13, %mask : (tensor<2x2x3x3xf32>, tensor<2x2x3x3xf32>) -> tensor<2x2x3x3xf32>
  %15 = graph.softmax %14 dim 3 : tensor<2x2x3x3xf32> -> tensor<2x2x3x3xf32>
  %16 = graph.dot %15, %11 batch [0, 1] x [0, 1] contract [3] x [2] : (tensor<2x2x3x3xf32>, tensor<2x2x3x2xf32>) -> tensor<2x2x3x2xf32>
  %17 = graph.transpose %16 perm [0, 2, 1, 3] : tensor<2x2x3x2xf32> -> tensor<2x3x2x2xf32>
  %18 = graph.reshape %17 : tensor<2x3x2x2xf32> -> tensor<2x3x4xf32>
  return %18 : tensor<2x3x4xf32>
}

// -----

// timm's ViT: B, N, 3, H, D, transposed as a whole and taken apart by lookups.
// CHECK-LABEL: func @main
// CHECK-SAME: "timm"
// CHECK-DAG: graph.parameter "w" {{.*}} view 0 [1, 4] : tensor<4x4xf32>
// CHECK-DAG: graph.parameter "w" {{.*}} view 16 [1, 4] : tensor<4x4xf32>
// CHECK-DAG: graph.parameter "w" {{.*}} view 32 [1, 4] : tensor<4x4xf32>
// CHECK: graph.attention {{.*}} scale 1.000000e+00 : (tensor<2x2x3x2xf32>, tensor<2x2x3x2xf32>, tensor<2x2x3x2xf32>)
// CHECK-NOT: graph.slice
// CHECK: return
func.func @main(%x: tensor<2x3x4xf32> {graph.name = "timm"}) -> tensor<2x2x3x2xf32> {
  %p = graph.parameter "w" source <"m", 0, 192, tensor<12x4xf32>> : tensor<12x4xf32>
  %w = graph.transpose %p perm [1, 0] : tensor<12x4xf32> -> tensor<4x12xf32>
  %i = graph.constant dense<0> : tensor<i64> -> tensor<i64>
  %j = graph.constant dense<1> : tensor<i64> -> tensor<i64>
  %l = graph.constant dense<2> : tensor<i64> -> tensor<i64>
  %0 = graph.dot %x, %w batch [] x [] contract [2] x [0] : (tensor<2x3x4xf32>, tensor<4x12xf32>) -> tensor<2x3x12xf32>
  %1 = graph.reshape %0 : tensor<2x3x12xf32> -> tensor<2x3x3x2x2xf32>
  %2 = graph.transpose %1 perm [2, 0, 3, 1, 4] : tensor<2x3x3x2x2xf32> -> tensor<3x2x2x3x2xf32>
  %q = graph.take %2[%i] axis 0 : (tensor<3x2x2x3x2xf32>, tensor<i64>) -> tensor<2x2x3x2xf32>
  %k = graph.take %2[%j] axis 0 : (tensor<3x2x2x3x2xf32>, tensor<i64>) -> tensor<2x2x3x2xf32>
  %v = graph.take %2[%l] axis 0 : (tensor<3x2x2x3x2xf32>, tensor<i64>) -> tensor<2x2x3x2xf32>
  %3 = graph.dot %q, %k batch [0, 1] x [0, 1] contract [3] x [3] : (tensor<2x2x3x2xf32>, tensor<2x2x3x2xf32>) -> tensor<2x2x3x3xf32>
  %4 = graph.softmax %3 dim 3 : tensor<2x2x3x3xf32> -> tensor<2x2x3x3xf32>
  %5 = graph.dot %4, %v batch [0, 1] x [0, 1] contract [3] x [2] : (tensor<2x2x3x3xf32>, tensor<2x2x3x2xf32>) -> tensor<2x2x3x2xf32>
  return %5 : tensor<2x2x3x2xf32>
}

// -----

// Batch and heads merged around the products, as older exports do.
// CHECK-LABEL: func @main
// CHECK-SAME: "merged"
// CHECK-NEXT: graph.attention %arg0, %arg1, %arg2 scale 1.000000e+00 : (tensor<2x5x3x4xf32>,
// CHECK-NEXT: return
func.func @main(%q: tensor<2x5x3x4xf32> {graph.name = "merged"}, %k: tensor<2x5x3x4xf32>, %v: tensor<2x5x3x4xf32>) -> tensor<2x5x3x4xf32> {
  %0 = graph.reshape %q : tensor<2x5x3x4xf32> -> tensor<10x3x4xf32>
  %1 = graph.reshape %k : tensor<2x5x3x4xf32> -> tensor<10x3x4xf32>
  %2 = graph.reshape %v : tensor<2x5x3x4xf32> -> tensor<10x3x4xf32>
  %3 = graph.transpose %1 perm [0, 2, 1] : tensor<10x3x4xf32> -> tensor<10x4x3xf32>
  %4 = graph.dot %0, %3 batch [0] x [0] contract [2] x [1] : (tensor<10x3x4xf32>, tensor<10x4x3xf32>) -> tensor<10x3x3xf32>
  %5 = graph.softmax %4 dim 2 : tensor<10x3x3xf32> -> tensor<10x3x3xf32>
  %6 = graph.dot %5, %2 batch [0] x [0] contract [2] x [1] : (tensor<10x3x3xf32>, tensor<10x3x4xf32>) -> tensor<10x3x4xf32>
  %7 = graph.reshape %6 : tensor<10x3x4xf32> -> tensor<2x5x3x4xf32>
  return %7 : tensor<2x5x3x4xf32>
}

// -----

// Groups of query heads as a dimension of their own.
// CHECK-LABEL: func @main
// CHECK-SAME: "groups"
// CHECK: graph.attention {{.*}} : (tensor<2x6x3x4xf32>, tensor<2x2x5x4xf32>, tensor<2x2x5x4xf32>) -> tensor<2x6x3x4xf32>
func.func @main(%q: tensor<2x2x3x3x4xf32> {graph.name = "groups"}, %k: tensor<2x2x5x4xf32>, %v: tensor<2x2x5x4xf32>) -> tensor<2x2x3x3x4xf32> {
  %0 = graph.broadcast %k dims [0, 1, 3, 4] : tensor<2x2x5x4xf32> -> tensor<2x2x3x5x4xf32>
  %1 = graph.broadcast %v dims [0, 1, 3, 4] : tensor<2x2x5x4xf32> -> tensor<2x2x3x5x4xf32>
  %2 = graph.dot %q, %0 batch [0, 1, 2] x [0, 1, 2] contract [4] x [4] : (tensor<2x2x3x3x4xf32>, tensor<2x2x3x5x4xf32>) -> tensor<2x2x3x3x5xf32>
  %3 = graph.softmax %2 dim 4 : tensor<2x2x3x3x5xf32> -> tensor<2x2x3x3x5xf32>
  %4 = graph.dot %3, %1 batch [0, 1, 2] x [0, 1, 2] contract [4] x [3] : (tensor<2x2x3x3x5xf32>, tensor<2x2x3x5x4xf32>) -> tensor<2x2x3x3x4xf32>
  return %4 : tensor<2x2x3x3x4xf32>
}

// -----

// A norm computed wider than its input: one op on the narrow one, whose
// statistics are wide anyway.
// CHECK-LABEL: func @main
// CHECK-SAME: "narrow"
// CHECK-NEXT: graph.rms_norm %arg0 scale %arg1 : tensor<4xf16> axis 1 epsilon {{.*}} : tensor<2x4xf16>
// CHECK-NEXT: return
func.func @main(%x: tensor<2x4xf16> {graph.name = "narrow"}, %w: tensor<4xf16>) -> tensor<2x4xf16> {
  %count = graph.constant dense<4.0> : tensor<2xf32> -> tensor<2xf32>
  %epsilon = graph.constant dense<1.0e-6> : tensor<2xf32> -> tensor<2xf32>
  %scale = graph.broadcast %w dims [1] : tensor<4xf16> -> tensor<2x4xf16>
  %wide = graph.cast %x : tensor<2x4xf16> -> tensor<2x4xf32>
  %0 = graph.mul %wide, %wide : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %1 = graph.reduce sum %0 dims [1] : tensor<2x4xf32> -> tensor<2xf32>
  %2 = graph.div %1, %count : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %3 = graph.add %2, %epsilon : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %4 = graph.rsqrt %3 : tensor<2xf32> -> tensor<2xf32>
  %5 = graph.broadcast %4 dims [0] : tensor<2xf32> -> tensor<2x4xf32>
  %6 = graph.mul %wide, %5 : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %7 = graph.cast %6 : tensor<2x4xf32> -> tensor<2x4xf16>
  %8 = graph.mul %7, %scale : (tensor<2x4xf16>, tensor<2x4xf16>) -> tensor<2x4xf16>
  return %8 : tensor<2x4xf16>
}
