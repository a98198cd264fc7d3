// RUN: vescale-opt %s --split-input-file --verify-diagnostics

func.func @f(%x: tensor<4x3xf32>, %dy: tensor<3x4xf32>) {
  // expected-error @+1 {{result_grad should be 4×3, but is 3×4}}
  %0 = graph.layer_norm_grad %x, %dy axis 1 epsilon 1.0e-5 : (tensor<4x3xf32>, tensor<3x4xf32>) -> tensor<4x3xf32>
  return
}

// -----

func.func @f(%x: tensor<4x3xf32>, %s: tensor<4xf32>) {
  // expected-error @+1 {{scale or bias should be 3, but is 4}}
  %0 = graph.rms_norm_grad %x, %x scale %s : tensor<4xf32> axis 1 epsilon 1.0e-5 : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  return
}

// -----

func.func @f(%x: tensor<1x2x6xf32>, %dy: tensor<1x2x4xf32>) {
  // expected-error @+1 {{result_grad should be 1×2×3, but is 1×2×4}}
  %0 = graph.pool_grad max %x, %dy window [3] strides [2] dilations [1] pad [1] x [0] : (tensor<1x2x6xf32>, tensor<1x2x4xf32>) -> tensor<1x2x6xf32>
  return
}

// -----

func.func @f(%x: tensor<2x6xf32>) {
  // expected-error @+1 {{needs an input of rank 3 to 5, but has 2}}
  %0 = graph.pool_grad max %x, %x window [] strides [] dilations [] pad [] x [] : (tensor<2x6xf32>, tensor<2x6xf32>) -> tensor<2x6xf32>
  return
}
