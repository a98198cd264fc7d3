// RUN: vescale-opt --graph-raise-attention %s | FileCheck %s
// RUN: %python %S/check_equal.py %s --graph-raise-attention

// CHECK-LABEL: func @scaled_and_masked
// CHECK: graph.attention %arg0, %arg1, %arg2 mask %arg3 : tensor<2x3x4x5xf32> scale 1.250000e-01 : (tensor<2x3x4x6xf32>, tensor<2x3x5x6xf32>, tensor<2x3x5x7xf32>) -> tensor<2x3x4x7xf32>
// CHECK-NEXT: return
func.func @scaled_and_masked(%q: tensor<2x3x4x6xf32>, %k: tensor<2x3x5x6xf32>, %v: tensor<2x3x5x7xf32>, %mask: tensor<2x3x4x5xf32>) -> tensor<2x3x4x7xf32> {
  %scale = graph.constant dense<0.125> : tensor<2x3x4x5xf32> -> tensor<2x3x4x5xf32>
  %0 = graph.dot %q, %k batch [0, 1] x [0, 1] contract [3] x [3] : (tensor<2x3x4x6xf32>, tensor<2x3x5x6xf32>) -> tensor<2x3x4x5xf32>
  %1 = graph.mul %0, %scale : (tensor<2x3x4x5xf32>, tensor<2x3x4x5xf32>) -> tensor<2x3x4x5xf32>
  %2 = graph.add %1, %mask : (tensor<2x3x4x5xf32>, tensor<2x3x4x5xf32>) -> tensor<2x3x4x5xf32>
  %3 = graph.softmax %2 dim 3 : tensor<2x3x4x5xf32> -> tensor<2x3x4x5xf32>
  %4 = graph.dot %3, %v batch [0, 1] x [0, 1] contract [3] x [2] : (tensor<2x3x4x5xf32>, tensor<2x3x5x7xf32>) -> tensor<2x3x4x7xf32>
  return %4 : tensor<2x3x4x7xf32>
}

// Keys transposed before, the scale half on each side, positions before heads.
// CHECK-LABEL: func @layouts_and_split_scale
// CHECK-DAG: %[[Q:.*]] = graph.transpose %arg0 perm [0, 2, 1, 3]
// CHECK-DAG: %[[K:.*]] = graph.transpose %arg1 perm [0, 2, 1, 3]
// CHECK-DAG: %[[V:.*]] = graph.transpose %arg2 perm [0, 2, 1, 3]
// CHECK: graph.attention %[[Q]], %[[K]], %[[V]] scale 2.500000e-01
// CHECK-NEXT: graph.transpose {{.*}} perm [0, 2, 1, 3]
// CHECK-NEXT: return
func.func @layouts_and_split_scale(%q: tensor<2x4x3x6xf32>, %k: tensor<2x4x3x6xf32>, %v: tensor<2x4x3x6xf32>) -> tensor<2x4x3x6xf32> {
  %half = graph.constant dense<0.5> : tensor<2x3x4x6xf32> -> tensor<2x3x4x6xf32>
  %halfT = graph.constant dense<0.5> : tensor<2x3x6x4xf32> -> tensor<2x3x6x4xf32>
  %0 = graph.transpose %q perm [0, 2, 1, 3] : tensor<2x4x3x6xf32> -> tensor<2x3x4x6xf32>
  %1 = graph.transpose %k perm [0, 2, 3, 1] : tensor<2x4x3x6xf32> -> tensor<2x3x6x4xf32>
  %2 = graph.transpose %v perm [0, 2, 1, 3] : tensor<2x4x3x6xf32> -> tensor<2x3x4x6xf32>
  %3 = graph.mul %0, %half : (tensor<2x3x4x6xf32>, tensor<2x3x4x6xf32>) -> tensor<2x3x4x6xf32>
  %4 = graph.mul %1, %halfT : (tensor<2x3x6x4xf32>, tensor<2x3x6x4xf32>) -> tensor<2x3x6x4xf32>
  %5 = graph.dot %3, %4 batch [0, 1] x [0, 1] contract [3] x [2] : (tensor<2x3x4x6xf32>, tensor<2x3x6x4xf32>) -> tensor<2x3x4x4xf32>
  %6 = graph.softmax %5 dim 3 : tensor<2x3x4x4xf32> -> tensor<2x3x4x4xf32>
  %7 = graph.dot %6, %2 batch [0, 1] x [0, 1] contract [3] x [2] : (tensor<2x3x4x4xf32>, tensor<2x3x4x6xf32>) -> tensor<2x3x4x6xf32>
  %8 = graph.transpose %7 perm [0, 2, 1, 3] : tensor<2x3x4x6xf32> -> tensor<2x4x3x6xf32>
  return %8 : tensor<2x4x3x6xf32>
}

// Keys on the left: the scores are transposed, and the values' product as well.
// CHECK-LABEL: func @keys_on_the_left
// CHECK: graph.attention %arg0, %arg1, %arg2
// CHECK-NEXT: graph.transpose {{.*}} perm [0, 1, 3, 2]
// CHECK-NEXT: return
func.func @keys_on_the_left(%q: tensor<2x3x4x6xf32>, %k: tensor<2x3x5x6xf32>, %v: tensor<2x3x5x7xf32>) -> tensor<2x3x7x4xf32> {
  %0 = graph.dot %k, %q batch [0, 1] x [0, 1] contract [3] x [3] : (tensor<2x3x5x6xf32>, tensor<2x3x4x6xf32>) -> tensor<2x3x5x4xf32>
  %1 = graph.softmax %0 dim 2 : tensor<2x3x5x4xf32> -> tensor<2x3x5x4xf32>
  %2 = graph.dot %v, %1 batch [0, 1] x [0, 1] contract [2] x [2] : (tensor<2x3x5x7xf32>, tensor<2x3x5x4xf32>) -> tensor<2x3x7x4xf32>
  return %2 : tensor<2x3x7x4xf32>
}

// One batch dimension stands for batch and heads.
// CHECK-LABEL: func @merged_heads
// CHECK: graph.attention {{.*}} (tensor<6x1x4x2xf32>, tensor<6x1x5x2xf32>, tensor<6x1x5x2xf32>)
func.func @merged_heads(%q: tensor<6x4x2xf32>, %k: tensor<6x5x2xf32>, %v: tensor<6x5x2xf32>) -> tensor<6x4x2xf32> {
  %0 = graph.dot %q, %k batch [0] x [0] contract [2] x [2] : (tensor<6x4x2xf32>, tensor<6x5x2xf32>) -> tensor<6x4x5xf32>
  %1 = graph.softmax %0 dim 2 : tensor<6x4x5xf32> -> tensor<6x4x5xf32>
  %2 = graph.dot %1, %v batch [0] x [0] contract [2] x [1] : (tensor<6x4x5xf32>, tensor<6x5x2xf32>) -> tensor<6x4x2xf32>
  return %2 : tensor<6x4x2xf32>
}

// 4 · tanh(qk / 8) is capped at 4, and the scale is a half.
// CHECK-LABEL: func @soft_cap
// CHECK: graph.attention {{.*}} scale 5.000000e-01 softcap 4.000000e+00
// CHECK-NEXT: return
func.func @soft_cap(%q: tensor<2x3x4x6xf32>, %k: tensor<2x3x5x6xf32>, %v: tensor<2x3x5x7xf32>) -> tensor<2x3x4x7xf32> {
  %eight = graph.constant dense<8.0> : tensor<2x3x4x5xf32> -> tensor<2x3x4x5xf32>
  %four = graph.constant dense<4.0> : tensor<2x3x4x5xf32> -> tensor<2x3x4x5xf32>
  %0 = graph.dot %q, %k batch [0, 1] x [0, 1] contract [3] x [3] : (tensor<2x3x4x6xf32>, tensor<2x3x5x6xf32>) -> tensor<2x3x4x5xf32>
  %1 = graph.div %0, %eight : (tensor<2x3x4x5xf32>, tensor<2x3x4x5xf32>) -> tensor<2x3x4x5xf32>
  %2 = graph.tanh %1 : tensor<2x3x4x5xf32> -> tensor<2x3x4x5xf32>
  %3 = graph.mul %2, %four : (tensor<2x3x4x5xf32>, tensor<2x3x4x5xf32>) -> tensor<2x3x4x5xf32>
  %4 = graph.softmax %3 dim 3 : tensor<2x3x4x5xf32> -> tensor<2x3x4x5xf32>
  %5 = graph.dot %4, %v batch [0, 1] x [0, 1] contract [3] x [2] : (tensor<2x3x4x5xf32>, tensor<2x3x5x7xf32>) -> tensor<2x3x4x7xf32>
  return %5 : tensor<2x3x4x7xf32>
}

// Each of two key heads serves two query heads.
// CHECK-LABEL: func @grouped_heads
// CHECK: graph.attention %arg0, %arg1, %arg2 scale 1.000000e+00 : (tensor<2x4x3x6xf32>, tensor<2x2x5x6xf32>, tensor<2x2x5x6xf32>)
// CHECK-NEXT: return
func.func @grouped_heads(%q: tensor<2x4x3x6xf32>, %k: tensor<2x2x5x6xf32>, %v: tensor<2x2x5x6xf32>) -> tensor<2x4x3x6xf32> {
  %0 = graph.broadcast %k dims [0, 1, 3, 4] : tensor<2x2x5x6xf32> -> tensor<2x2x2x5x6xf32>
  %1 = graph.reshape %0 : tensor<2x2x2x5x6xf32> -> tensor<2x4x5x6xf32>
  %2 = graph.broadcast %v dims [0, 1, 3, 4] : tensor<2x2x5x6xf32> -> tensor<2x2x2x5x6xf32>
  %3 = graph.reshape %2 : tensor<2x2x2x5x6xf32> -> tensor<2x4x5x6xf32>
  %4 = graph.dot %q, %1 batch [0, 1] x [0, 1] contract [3] x [3] : (tensor<2x4x3x6xf32>, tensor<2x4x5x6xf32>) -> tensor<2x4x3x5xf32>
  %5 = graph.softmax %4 dim 3 : tensor<2x4x3x5xf32> -> tensor<2x4x3x5xf32>
  %6 = graph.dot %5, %3 batch [0, 1] x [0, 1] contract [3] x [2] : (tensor<2x4x3x5xf32>, tensor<2x4x5x6xf32>) -> tensor<2x4x3x6xf32>
  return %6 : tensor<2x4x3x6xf32>
}

// Heads in another order (all of them, then again): not groups, not dropped.
// CHECK-LABEL: func @tiled_heads
// CHECK: graph.attention {{.*}} (tensor<2x4x3x6xf32>, tensor<2x4x5x6xf32>, tensor<2x4x5x6xf32>)
func.func @tiled_heads(%q: tensor<2x4x3x6xf32>, %k: tensor<2x2x5x6xf32>, %v: tensor<2x2x5x6xf32>) -> tensor<2x4x3x6xf32> {
  %0 = graph.broadcast %k dims [0, 2, 3, 4] : tensor<2x2x5x6xf32> -> tensor<2x2x2x5x6xf32>
  %1 = graph.reshape %0 : tensor<2x2x2x5x6xf32> -> tensor<2x4x5x6xf32>
  %2 = graph.broadcast %v dims [0, 2, 3, 4] : tensor<2x2x5x6xf32> -> tensor<2x2x2x5x6xf32>
  %3 = graph.reshape %2 : tensor<2x2x2x5x6xf32> -> tensor<2x4x5x6xf32>
  %4 = graph.attention %q, %1, %3 scale 1.0 : (tensor<2x4x3x6xf32>, tensor<2x4x5x6xf32>, tensor<2x4x5x6xf32>) -> tensor<2x4x3x6xf32>
  return %4 : tensor<2x4x3x6xf32>
}

// All query heads share one.
// CHECK-LABEL: func @one_key_head
// CHECK: graph.attention {{.*}} (tensor<2x4x3x6xf32>, tensor<2x1x5x6xf32>, tensor<2x1x5x6xf32>)
// CHECK-NEXT: return
func.func @one_key_head(%q: tensor<2x4x3x6xf32>, %k: tensor<2x5x6xf32>, %v: tensor<2x5x6xf32>) -> tensor<2x4x3x6xf32> {
  %0 = graph.broadcast %k dims [0, 2, 3] : tensor<2x5x6xf32> -> tensor<2x4x5x6xf32>
  %1 = graph.broadcast %v dims [0, 2, 3] : tensor<2x5x6xf32> -> tensor<2x4x5x6xf32>
  %2 = graph.attention %q, %0, %1 scale 1.0 : (tensor<2x4x3x6xf32>, tensor<2x4x5x6xf32>, tensor<2x4x5x6xf32>) -> tensor<2x4x3x6xf32>
  return %2 : tensor<2x4x3x6xf32>
}

// NaN turned to zero behind the softmax is what the op does by itself.
// CHECK-LABEL: func @guarded
// CHECK-NOT: is_nan
// CHECK: graph.attention {{.*}} mask %arg3 : tensor<2x1x4x5xi1>
// CHECK-NEXT: return
func.func @guarded(%q: tensor<2x3x4x6xf32>, %k: tensor<2x3x5x6xf32>, %v: tensor<2x3x5x7xf32>, %seen: tensor<2x1x4x5xi1>) -> tensor<2x3x4x7xf32> {
  %zero = graph.constant dense<0.0> : tensor<2x1x4x5xf32> -> tensor<2x1x4x5xf32>
  %inf = graph.constant dense<0xFF800000> : tensor<2x1x4x5xf32> -> tensor<2x1x4x5xf32>
  %nought = graph.constant dense<0.0> : tensor<2x3x4x5xf32> -> tensor<2x3x4x5xf32>
  %m = graph.select %seen, %zero, %inf : (tensor<2x1x4x5xi1>, tensor<2x1x4x5xf32>, tensor<2x1x4x5xf32>) -> tensor<2x1x4x5xf32>
  %r = graph.reshape %m : tensor<2x1x4x5xf32> -> tensor<2x4x5xf32>
  %mask = graph.broadcast %r dims [0, 2, 3] : tensor<2x4x5xf32> -> tensor<2x3x4x5xf32>
  %0 = graph.dot %q, %k batch [0, 1] x [0, 1] contract [3] x [3] : (tensor<2x3x4x6xf32>, tensor<2x3x5x6xf32>) -> tensor<2x3x4x5xf32>
  %1 = graph.add %mask, %0 : (tensor<2x3x4x5xf32>, tensor<2x3x4x5xf32>) -> tensor<2x3x4x5xf32>
  %2 = graph.softmax %1 dim 3 : tensor<2x3x4x5xf32> -> tensor<2x3x4x5xf32>
  %3 = graph.is_nan %2 : tensor<2x3x4x5xf32> -> tensor<2x3x4x5xi1>
  %4 = graph.select %3, %nought, %2 : (tensor<2x3x4x5xi1>, tensor<2x3x4x5xf32>, tensor<2x3x4x5xf32>) -> tensor<2x3x4x5xf32>
  %5 = graph.dot %4, %v batch [0, 1] x [0, 1] contract [3] x [2] : (tensor<2x3x4x5xf32>, tensor<2x3x5x7xf32>) -> tensor<2x3x4x7xf32>
  return %5 : tensor<2x3x4x7xf32>
}

// Scores are replaced where a condition fails.
// CHECK-LABEL: func @selected_scores
// CHECK: graph.attention {{.*}} mask %arg3 : tensor<2x3x4x5xi1>
// CHECK-NEXT: return
func.func @selected_scores(%q: tensor<2x3x4x6xf32>, %k: tensor<2x3x5x6xf32>, %v: tensor<2x3x5x7xf32>, %seen: tensor<2x3x4x5xi1>) -> tensor<2x3x4x7xf32> {
  %inf = graph.constant dense<0xFF800000> : tensor<2x3x4x5xf32> -> tensor<2x3x4x5xf32>
  %nought = graph.constant dense<0.0> : tensor<2x3x4x5xf32> -> tensor<2x3x4x5xf32>
  %0 = graph.dot %q, %k batch [0, 1] x [0, 1] contract [3] x [3] : (tensor<2x3x4x6xf32>, tensor<2x3x5x6xf32>) -> tensor<2x3x4x5xf32>
  %1 = graph.select %seen, %0, %inf : (tensor<2x3x4x5xi1>, tensor<2x3x4x5xf32>, tensor<2x3x4x5xf32>) -> tensor<2x3x4x5xf32>
  %2 = graph.softmax %1 dim 3 : tensor<2x3x4x5xf32> -> tensor<2x3x4x5xf32>
  %3 = graph.is_nan %2 : tensor<2x3x4x5xf32> -> tensor<2x3x4x5xi1>
  %4 = graph.select %3, %nought, %2 : (tensor<2x3x4x5xi1>, tensor<2x3x4x5xf32>, tensor<2x3x4x5xf32>) -> tensor<2x3x4x5xf32>
  %5 = graph.dot %4, %v batch [0, 1] x [0, 1] contract [3] x [2] : (tensor<2x3x4x5xf32>, tensor<2x3x5x7xf32>) -> tensor<2x3x4x7xf32>
  return %5 : tensor<2x3x4x7xf32>
}
