// RUN: vescale-opt --graph-raise-attention --split-input-file --verify-diagnostics %s

func.func @scores_are_squared(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x3x4xf32>, %v: tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32> {
  %0 = graph.dot %q, %k batch [0, 1] x [0, 1] contract [3] x [3] : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x3xf32>
  %1 = graph.mul %0, %0 : (tensor<1x2x3x3xf32>, tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  // expected-remark@+1 {{softmax before a product is not raised to attention: its input is not recognised as scaled and masked scores}}
  %2 = graph.softmax %1 dim 3 : tensor<1x2x3x3xf32> -> tensor<1x2x3x3xf32>
  // expected-note@+1 {{the product}}
  %3 = graph.dot %2, %v batch [0, 1] x [0, 1] contract [3] x [2] : (tensor<1x2x3x3xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  return %3 : tensor<1x2x3x4xf32>
}

// -----

func.func @product_over_queries(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x3x4xf32>, %v: tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32> {
  %0 = graph.dot %q, %k batch [0, 1] x [0, 1] contract [3] x [3] : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x3xf32>
  // expected-remark@+1 {{the product with the values is not over the keys of each head}}
  %1 = graph.softmax %0 dim 3 : tensor<1x2x3x3xf32> -> tensor<1x2x3x3xf32>
  // expected-note@+1 {{the product}}
  %2 = graph.dot %1, %v batch [0, 1] x [0, 1] contract [2] x [2] : (tensor<1x2x3x3xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  return %2 : tensor<1x2x3x4xf32>
}

// -----

// A softmax over classes is not before a product: no remark.
func.func @classes(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %0 = graph.softmax %x dim 1 : tensor<2x4xf32> -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}
