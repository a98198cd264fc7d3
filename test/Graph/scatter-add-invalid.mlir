// RUN: vescale-opt %s --split-input-file --verify-diagnostics

func.func @f(%updates: tensor<3x5xf32>, %indices: tensor<2xi64>) {
  // expected-error @+1 {{updates should be 2×5, but is 3×5}}
  %0 = graph.scatter_add %updates[%indices] dim 0 : (tensor<3x5xf32>, tensor<2xi64>) -> tensor<7x5xf32>
  return
}

// -----

func.func @f(%updates: tensor<2x5xf32>, %indices: tensor<2xi64>) {
  // expected-error @+1 {{dim 2 is not a dimension of a tensor of rank 2}}
  %0 = graph.scatter_add %updates[%indices] dim 2 : (tensor<2x5xf32>, tensor<2xi64>) -> tensor<7x5xf32>
  return
}

// -----

func.func @f(%updates: tensor<2x5xf32>, %indices: tensor<2xi64>) {
  // expected-error @+1 {{needs one element type, but has 'f32' and 'f64'}}
  %0 = graph.scatter_add %updates[%indices] dim 0 : (tensor<2x5xf32>, tensor<2xi64>) -> tensor<7x5xf64>
  return
}
