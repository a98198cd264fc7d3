// RUN: vescale-opt %s --train-differentiate --split-input-file --verify-diagnostics

func.func @second(%x: tensor<4x3xf32> {graph.trained}) -> tensor<f32> {
  // expected-error @+1 {{'graph.layer_norm_grad' op is a derivative and has none of its own; second derivatives are not supported}}
  %0 = graph.layer_norm_grad %x, %x axis 1 epsilon 1.0e-5 : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  %1 = graph.reduce sum %0 dims [0, 1] : tensor<4x3xf32> -> tensor<f32>
  return %1 : tensor<f32>
}

// -----

// Where nothing is trained behind it, no derivative is needed.
func.func @frozen(%x: tensor<4x3xf32>, %y: tensor<f32> {graph.trained}) -> tensor<f32> {
  %0 = graph.layer_norm_grad %x, %x axis 1 epsilon 1.0e-5 : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  %1 = graph.reduce sum %0 dims [0, 1] : tensor<4x3xf32> -> tensor<f32>
  %2 = graph.mul %1, %y : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %2 : tensor<f32>
}

// -----

func.func @foreign(%x: tensor<f32> {graph.trained}) -> tensor<f32> {
  // expected-error @+1 {{'math.exp' op has no derivative; a parameter whose gradient goes through it can only be frozen}}
  %0 = math.exp %x : tensor<f32>
  return %0 : tensor<f32>
}
