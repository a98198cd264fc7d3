// RUN: vescale-opt --graph-raise-attention --split-input-file %s | FileCheck %s
// RUN: %python %S/check_equal.py %s --graph-raise-attention

// CHECK-LABEL: func @causal_constant
// CHECK-NOT: mask
// CHECK: graph.attention {{.*}} causal :
func.func @causal_constant(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x3x4xf32>, %v: tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32> {
  %seen = graph.constant dense<[[[[true, false, false], [true, true, false], [true, true, true]]]]> : tensor<1x1x3x3xi1> -> tensor<1x1x3x3xi1>
  %0 = graph.attention %q, %k, %v mask %seen : tensor<1x1x3x3xi1> scale 1.0 : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  return %0 : tensor<1x2x3x4xf32>
}

// Positions compared: key ≤ query + 1, and there is one key more than queries.
// CHECK-LABEL: func @causal_computed
// CHECK: graph.attention {{.*}} causal :
func.func @causal_computed(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x4x4xf32>, %v: tensor<1x2x4x4xf32>) -> tensor<1x2x3x4xf32> {
  %one = graph.constant dense<1> : tensor<1x1x3x4xi64> -> tensor<1x1x3x4xi64>
  %row = graph.iota dim 2 : tensor<1x1x3x4xi64>
  %column = graph.iota dim 3 : tensor<1x1x3x4xi64>
  %last = graph.add %row, %one : (tensor<1x1x3x4xi64>, tensor<1x1x3x4xi64>) -> tensor<1x1x3x4xi64>
  %seen = graph.compare le %column, %last : (tensor<1x1x3x4xi64>, tensor<1x1x3x4xi64>) -> tensor<1x1x3x4xi1>
  %0 = graph.attention %q, %k, %v mask %seen : tensor<1x1x3x4xi1> scale 1.0 : (tensor<1x2x3x4xf32>, tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) -> tensor<1x2x3x4xf32>
  return %0 : tensor<1x2x3x4xf32>
}

// key ≤ query without the shift of one: not what causal means here.
// CHECK-LABEL: func @causal_of_the_first
// CHECK: graph.attention {{.*}} mask
// CHECK-NOT: causal
// CHECK: return
func.func @causal_of_the_first(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x4x4xf32>, %v: tensor<1x2x4x4xf32>) -> tensor<1x2x3x4xf32> {
  %row = graph.iota dim 2 : tensor<1x1x3x4xi64>
  %column = graph.iota dim 3 : tensor<1x1x3x4xi64>
  %seen = graph.compare le %column, %row : (tensor<1x1x3x4xi64>, tensor<1x1x3x4xi64>) -> tensor<1x1x3x4xi1>
  %0 = graph.attention %q, %k, %v mask %seen : tensor<1x1x3x4xi1> scale 1.0 : (tensor<1x2x3x4xf32>, tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) -> tensor<1x2x3x4xf32>
  return %0 : tensor<1x2x3x4xf32>
}

// CHECK-LABEL: func @window
// CHECK: graph.attention {{.*}} causal window 2 :
func.func @window(%q: tensor<1x2x4x4xf32>, %k: tensor<1x2x4x4xf32>, %v: tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32> {
  %two = graph.constant dense<2> : tensor<1x1x4x4xi64> -> tensor<1x1x4x4xi64>
  %row = graph.iota dim 2 : tensor<1x1x4x4xi64>
  %column = graph.iota dim 3 : tensor<1x1x4x4xi64>
  %before = graph.sub %row, %two : (tensor<1x1x4x4xi64>, tensor<1x1x4x4xi64>) -> tensor<1x1x4x4xi64>
  %near = graph.compare gt %column, %before : (tensor<1x1x4x4xi64>, tensor<1x1x4x4xi64>) -> tensor<1x1x4x4xi1>
  %past = graph.compare le %column, %row : (tensor<1x1x4x4xi64>, tensor<1x1x4x4xi64>) -> tensor<1x1x4x4xi1>
  %seen = graph.and %near, %past : (tensor<1x1x4x4xi1>, tensor<1x1x4x4xi1>) -> tensor<1x1x4x4xi1>
  %0 = graph.attention %q, %k, %v mask %seen : tensor<1x1x4x4xi1> scale 1.0 : (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  return %0 : tensor<1x2x4x4xf32>
}

// One element differs from causal.
// CHECK-LABEL: func @almost_causal
// CHECK: graph.attention {{.*}} mask
// CHECK-NOT: causal
// CHECK: return
func.func @almost_causal(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x3x4xf32>, %v: tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32> {
  %seen = graph.constant dense<[[[[true, true, false], [true, true, false], [true, true, true]]]]> : tensor<1x1x3x3xi1> -> tensor<1x1x3x3xi1>
  %0 = graph.attention %q, %k, %v mask %seen : tensor<1x1x3x3xi1> scale 1.0 : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  return %0 : tensor<1x2x3x4xf32>
}

// CHECK-LABEL: func @sees_everything
// CHECK-NOT: mask
// CHECK: graph.attention %arg0, %arg1, %arg2 scale 1.000000e+00 :
func.func @sees_everything(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x3x4xf32>, %v: tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32> {
  %seen = graph.constant dense<true> : tensor<1x1x3x3xi1> -> tensor<1x1x3x3xi1>
  %0 = graph.attention %q, %k, %v mask %seen : tensor<1x1x3x3xi1> scale 1.0 : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  return %0 : tensor<1x2x3x4xf32>
}

// Causal and the padding of a batch: the padding stays, for each key.
// CHECK-LABEL: func @causal_and_padding
// CHECK: %[[P:.*]] = graph.reshape %arg3 : tensor<2x3xi1> -> tensor<2x1x1x3xi1>
// CHECK: graph.attention {{.*}} mask %[[P]] : tensor<2x1x1x3xi1> scale 1.000000e+00 causal :
func.func @causal_and_padding(%q: tensor<2x2x3x4xf32>, %k: tensor<2x2x3x4xf32>, %v: tensor<2x2x3x4xf32>, %real: tensor<2x3xi1>) -> tensor<2x2x3x4xf32> {
  %zero = graph.constant dense<0.0> : tensor<2x1x3x3xf32> -> tensor<2x1x3x3xf32>
  %inf = graph.constant dense<0xFF800000> : tensor<2x1x3x3xf32> -> tensor<2x1x3x3xf32>
  %row = graph.iota dim 2 : tensor<2x1x3x3xi64>
  %column = graph.iota dim 3 : tensor<2x1x3x3xi64>
  %past = graph.compare ge %row, %column : (tensor<2x1x3x3xi64>, tensor<2x1x3x3xi64>) -> tensor<2x1x3x3xi1>
  %r = graph.reshape %real : tensor<2x3xi1> -> tensor<2x1x3xi1>
  %b = graph.broadcast %r dims [0, 1, 3] : tensor<2x1x3xi1> -> tensor<2x1x3x3xi1>
  %seen = graph.and %b, %past : (tensor<2x1x3x3xi1>, tensor<2x1x3x3xi1>) -> tensor<2x1x3x3xi1>
  %mask = graph.select %seen, %zero, %inf : (tensor<2x1x3x3xi1>, tensor<2x1x3x3xf32>, tensor<2x1x3x3xf32>) -> tensor<2x1x3x3xf32>
  %0 = graph.attention %q, %k, %v mask %mask : tensor<2x1x3x3xf32> scale 1.0 : (tensor<2x2x3x4xf32>, tensor<2x2x3x4xf32>, tensor<2x2x3x4xf32>) -> tensor<2x2x3x4xf32>
  return %0 : tensor<2x2x3x4xf32>
}

// The same with a finite number: a row of padding alone gives an average of all
// values, which is put there.
// CHECK-LABEL: func @causal_and_padding_by_number
// CHECK-DAG: %[[P:.*]] = graph.reshape %arg3 : tensor<2x3xi1> -> tensor<2x1x1x3xi1>
// CHECK-DAG: %[[SUM:.*]] = graph.reduce sum %arg2 dims [2]
// CHECK-DAG: %[[MEAN:.*]] = graph.div %[[SUM]]
// CHECK-DAG: %[[A:.*]] = graph.attention {{.*}} mask %[[P]] : tensor<2x1x1x3xi1> scale 1.000000e+00 causal :
// CHECK-DAG: %[[MEANS:.*]] = graph.broadcast %[[MEAN]]
// CHECK: graph.select %{{.*}}, %[[MEANS]], %[[A]]
func.func @causal_and_padding_by_number(%q: tensor<2x2x3x4xf32>, %k: tensor<2x2x3x4xf32>, %v: tensor<2x2x3x4xf32>, %real: tensor<2x3xi1>) -> tensor<2x2x3x4xf32> {
  %zero = graph.constant dense<0.0> : tensor<2x1x3x3xf32> -> tensor<2x1x3x3xf32>
  %low = graph.constant dense<-3.40282347E+38> : tensor<2x1x3x3xf32> -> tensor<2x1x3x3xf32>
  %row = graph.iota dim 2 : tensor<2x1x3x3xi64>
  %column = graph.iota dim 3 : tensor<2x1x3x3xi64>
  %past = graph.compare ge %row, %column : (tensor<2x1x3x3xi64>, tensor<2x1x3x3xi64>) -> tensor<2x1x3x3xi1>
  %r = graph.reshape %real : tensor<2x3xi1> -> tensor<2x1x3xi1>
  %b = graph.broadcast %r dims [0, 1, 3] : tensor<2x1x3xi1> -> tensor<2x1x3x3xi1>
  %seen = graph.and %b, %past : (tensor<2x1x3x3xi1>, tensor<2x1x3x3xi1>) -> tensor<2x1x3x3xi1>
  %mask = graph.select %seen, %zero, %low : (tensor<2x1x3x3xi1>, tensor<2x1x3x3xf32>, tensor<2x1x3x3xf32>) -> tensor<2x1x3x3xf32>
  %0 = graph.attention %q, %k, %v mask %mask : tensor<2x1x3x3xf32> scale 1.0 : (tensor<2x2x3x4xf32>, tensor<2x2x3x4xf32>, tensor<2x2x3x4xf32>) -> tensor<2x2x3x4xf32>
  return %0 : tensor<2x2x3x4xf32>
}

// Alone, the constant shows that every query sees a key; then the number does
// not matter.
// CHECK-LABEL: func @causal_by_number
// CHECK-NOT: mask
// CHECK: graph.attention {{.*}} causal :
func.func @causal_by_number(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x3x4xf32>, %v: tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32> {
  %mask = graph.constant dense<[[[[0.0, -3.40282347E+38, -3.40282347E+38], [0.0, 0.0, -3.40282347E+38], [0.0, 0.0, 0.0]]]]> : tensor<1x1x3x3xf32> -> tensor<1x1x3x3xf32>
  %0 = graph.attention %q, %k, %v mask %mask : tensor<1x1x3x3xf32> scale 1.0 : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  return %0 : tensor<1x2x3x4xf32>
}

// The first row sees nothing: with a number it gives an average, and stays.
// CHECK-LABEL: func @blind_row_by_number
// CHECK: graph.attention {{.*}} mask {{.*}} tensor<1x1x2x2xf32>
func.func @blind_row_by_number(%q: tensor<1x2x2x4xf32>, %k: tensor<1x2x2x4xf32>, %v: tensor<1x2x2x4xf32>) -> tensor<1x2x2x4xf32> {
  %mask = graph.constant dense<[[[[-3.40282347E+38, -3.40282347E+38], [0.0, 0.0]]]]> : tensor<1x1x2x2xf32> -> tensor<1x1x2x2xf32>
  %0 = graph.attention %q, %k, %v mask %mask : tensor<1x1x2x2xf32> scale 1.0 : (tensor<1x2x2x4xf32>, tensor<1x2x2x4xf32>, tensor<1x2x2x4xf32>) -> tensor<1x2x2x4xf32>
  return %0 : tensor<1x2x2x4xf32>
}

// A bias per head stays when causal is taken out of the sum.
// CHECK-LABEL: func @causal_and_bias
// CHECK: graph.attention {{.*}} mask %arg3 : tensor<1x2x3x3xf32> scale 1.000000e+00 causal :
func.func @causal_and_bias(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x3x4xf32>, %v: tensor<1x2x3x4xf32>, %bias: tensor<1x2x3x3xf32>) -> tensor<1x2x3x4xf32> {
  %c = graph.constant dense<[[0.0, 0xFF800000, 0xFF800000], [0.0, 0.0, 0xFF800000], [0.0, 0.0, 0.0]]> : tensor<3x3xf32> -> tensor<3x3xf32>
  %m = graph.broadcast %c dims [2, 3] : tensor<3x3xf32> -> tensor<1x2x3x3xf32>
  %mask = graph.add %m, %bias : (tensor<1x2x3x3xf32>, tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  %0 = graph.attention %q, %k, %v mask %mask : tensor<1x2x3x3xf32> scale 1.0 : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  return %0 : tensor<1x2x3x4xf32>
}

// A constant of the batch's shape: what repeats is not kept.
// CHECK-LABEL: func @repeated_constant
// CHECK: graph.attention {{.*}} mask {{.*}} tensor<1x1x2x3xi1>
func.func @repeated_constant(%q: tensor<2x2x2x4xf32>, %k: tensor<2x2x3x4xf32>, %v: tensor<2x2x3x4xf32>) -> tensor<2x2x2x4xf32> {
  %c = graph.constant dense<[[0.0, 0xFF800000, 0.0], [0.0, 0.0, 0.0]]> : tensor<2x3xf32> -> tensor<2x3xf32>
  %mask = graph.broadcast %c dims [2, 3] : tensor<2x3xf32> -> tensor<2x2x2x3xf32>
  %0 = graph.attention %q, %k, %v mask %mask : tensor<2x2x2x3xf32> scale 1.0 : (tensor<2x2x2x4xf32>, tensor<2x2x3x4xf32>, tensor<2x2x3x4xf32>) -> tensor<2x2x2x4xf32>
  return %0 : tensor<2x2x2x4xf32>
}

// With a number that leaves something of a score the average is by scores, and
// the mask stays a sum.
// CHECK-LABEL: func @causal_and_padding_by_small_number
// CHECK: graph.attention {{.*}} mask {{.*}} tensor<2x1x3x3xf32> scale
// CHECK-NOT: causal
// CHECK: return
func.func @causal_and_padding_by_small_number(%q: tensor<2x2x3x4xf32>, %k: tensor<2x2x3x4xf32>, %v: tensor<2x2x3x4xf32>, %real: tensor<2x3xi1>) -> tensor<2x2x3x4xf32> {
  %zero = graph.constant dense<0.0> : tensor<2x1x3x3xf32> -> tensor<2x1x3x3xf32>
  %low = graph.constant dense<-1.0e4> : tensor<2x1x3x3xf32> -> tensor<2x1x3x3xf32>
  %row = graph.iota dim 2 : tensor<2x1x3x3xi64>
  %column = graph.iota dim 3 : tensor<2x1x3x3xi64>
  %past = graph.compare ge %row, %column : (tensor<2x1x3x3xi64>, tensor<2x1x3x3xi64>) -> tensor<2x1x3x3xi1>
  %b = graph.broadcast %real dims [0, 3] : tensor<2x3xi1> -> tensor<2x1x3x3xi1>
  %seen = graph.and %b, %past : (tensor<2x1x3x3xi1>, tensor<2x1x3x3xi1>) -> tensor<2x1x3x3xi1>
  %mask = graph.select %seen, %zero, %low : (tensor<2x1x3x3xi1>, tensor<2x1x3x3xf32>, tensor<2x1x3x3xf32>) -> tensor<2x1x3x3xf32>
  %0 = graph.attention %q, %k, %v mask %mask : tensor<2x1x3x3xf32> scale 1.0 : (tensor<2x2x3x4xf32>, tensor<2x2x3x4xf32>, tensor<2x2x3x4xf32>) -> tensor<2x2x3x4xf32>
  return %0 : tensor<2x2x3x4xf32>
}

// A window, grouped heads and one key more than queries.
// CHECK-LABEL: func @window_and_padding_by_number
// CHECK-DAG: graph.attention {{.*}} mask {{.*}} tensor<2x1x1x4xi1> scale 1.000000e+00 causal window 2 :
// CHECK: graph.select
func.func @window_and_padding_by_number(%q: tensor<2x4x3x4xf32>, %k: tensor<2x2x4x4xf32>, %v: tensor<2x2x4x5xf32>, %real: tensor<2x4xi1>) -> tensor<2x4x3x5xf32> {
  %zero = graph.constant dense<0.0> : tensor<2x1x3x4xf32> -> tensor<2x1x3x4xf32>
  %low = graph.constant dense<-3.40282347E+38> : tensor<2x1x3x4xf32> -> tensor<2x1x3x4xf32>
  %band = graph.constant dense<[[true, true, false, false], [false, true, true, false], [false, false, true, true]]> : tensor<3x4xi1> -> tensor<3x4xi1>
  %near = graph.broadcast %band dims [2, 3] : tensor<3x4xi1> -> tensor<2x1x3x4xi1>
  %b = graph.broadcast %real dims [0, 3] : tensor<2x4xi1> -> tensor<2x1x3x4xi1>
  %seen = graph.and %near, %b : (tensor<2x1x3x4xi1>, tensor<2x1x3x4xi1>) -> tensor<2x1x3x4xi1>
  %mask = graph.select %seen, %zero, %low : (tensor<2x1x3x4xi1>, tensor<2x1x3x4xf32>, tensor<2x1x3x4xf32>) -> tensor<2x1x3x4xf32>
  %0 = graph.attention %q, %k, %v mask %mask : tensor<2x1x3x4xf32> scale 1.0 : (tensor<2x4x3x4xf32>, tensor<2x2x4x4xf32>, tensor<2x2x4x5xf32>) -> tensor<2x4x3x5xf32>
  return %0 : tensor<2x4x3x5xf32>
}
