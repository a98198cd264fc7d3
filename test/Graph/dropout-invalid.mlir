// RUN: vescale-opt %s --split-input-file --verify-diagnostics

func.func @rate(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{the rate of a dropout must be an f64 from 0 up to, and not, 1, but is 1.000000e+00 : f64}}
  %0 = graph.dropout %x <rate = 1.0, seed = 0, site = 0> : tensor<2x3xf32> -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

func.func @site(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{the site of a dropout has 32 bits, but is -1}}
  %0 = graph.dropout %x <rate = 0.5, seed = 0, site = -1> : tensor<2x3xf32> -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

func.func @scalar(%x: tensor<f32>) -> tensor<f32> {
  // expected-error @+1 {{needs an input of rank 1 at least}}
  %0 = graph.dropout %x <rate = 0.5, seed = 0, site = 0> : tensor<f32> -> tensor<f32>
  return %0 : tensor<f32>
}

// -----

func.func @counters(%x: tensor<2x3xf32>, %c: tensor<3xi64>, %s: tensor<i64>) -> tensor<2x3xf32> {
  // expected-error @+1 {{counters must be i64 of shape 2, but is 'tensor<3xi64>'}}
  %0 = graph.dropout %x counters %c step %s : tensor<3xi64>, tensor<i64> <rate = 0.5, seed = 0, site = 0> : tensor<2x3xf32> -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

func.func @attention(%q: tensor<1x2x4x8xf32>, %c: tensor<1x2x4xi64>, %s: tensor<i64>) -> tensor<1x2x4x8xf32> {
  // expected-error @+1 {{has counters, but drops nothing}}
  %0 = graph.attention %q, %q, %q scale 1.0 counters %c step %s : tensor<1x2x4xi64>, tensor<i64>
    : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return %0 : tensor<1x2x4x8xf32>
}
