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
  %0 = graph.pool_grad sum %x, %dy window [3] strides [2] dilations [1] pad [1] x [0] : (tensor<1x2x6xf32>, tensor<1x2x4xf32>) -> tensor<1x2x6xf32>
  return
}

// -----

func.func @f(%x: tensor<2x6xf32>) {
  // expected-error @+1 {{pools a tensor of rank 3 to 5, but has 2}}
  %0 = graph.pool_grad sum %x, %x window [] strides [] dilations [] pad [] x [] : (tensor<2x6xf32>, tensor<2x6xf32>) -> tensor<2x6xf32>
  return
}

// -----

func.func @extreme(%x: tensor<1x2x6xf32>, %dy: tensor<1x2x3xf32>) {
  // expected-error @+1 {{is of sums and products; the gradient of a maximum or minimum is graph.unpool}}
  %0 = graph.pool_grad max %x, %dy window [3] strides [2] dilations [1] pad [1] x [0] : (tensor<1x2x6xf32>, tensor<1x2x3xf32>) -> tensor<1x2x6xf32>
  return
}

// -----

func.func @sum(%x: tensor<1x2x6xf32>) {
  // expected-error @+1 {{is of a maximum or minimum}}
  %0 = graph.pool_place sum %x window [3] strides [2] dilations [1] pad [1] x [0] : tensor<1x2x6xf32> -> tensor<1x2x3xi32>
  return
}

// -----

func.func @places(%dy: tensor<1x2x3xf32>, %at: tensor<1x2x4xi32>) {
  // expected-error @+1 {{places}}
  %0 = graph.unpool %dy at %at window [3] strides [2] dilations [1] pad [1] x [0] : (tensor<1x2x3xf32>, tensor<1x2x4xi32>) -> tensor<1x2x6xf32>
  return
}
