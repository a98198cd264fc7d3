// RUN: vescale-opt %s --split-input-file --verify-diagnostics --graph-lower-to-rank

func.func @index() -> tensor<2xf32> {
  %data = graph.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32> -> tensor<3xf32>
  %i = graph.constant dense<[0, 3]> : tensor<2xi64> -> tensor<2xi64>
  // expected-error @+1 {{reads index 3 of 3}}
  %0 = graph.take %data[%i] axis 0 : (tensor<3xf32>, tensor<2xi64>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

dist.mesh @m <"tp"=2>
func.func @layouts(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{partition the module first}}
  %0 = graph.constant dense<1.0> : tensor<4xf32> -> tensor<4xf32, #dist.layout<@m, [{"tp"}]>>
  %1 = graph.neg %x : tensor<4xf32> -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// -----

func.func @row(%x: tensor<2x1000000xf32>) -> tensor<2x1000000xf32> {
  // expected-error @+1 {{has rows of 4000000 bytes; kernels keep two on the stack, at most 4194304 bytes}}
  %0 = graph.softmax %x dim 1 : tensor<2x1000000xf32> -> tensor<2x1000000xf32>
  return %0 : tensor<2x1000000xf32>
}
