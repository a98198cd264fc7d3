func.func @main(%ids: tensor<4xi64>) -> tensor<4xf32> {
  %table = graph.parameter "table" : tensor<503x16xf32>
  %weight = graph.parameter "weight" : tensor<16x16xf32>
  %0 = graph.take %table[%ids] axis 0 : (tensor<503x16xf32>, tensor<4xi64>) -> tensor<4x16xf32>
  %1 = graph.dot %0, %weight batch [] x [] contract [1] x [0] : (tensor<4x16xf32>, tensor<16x16xf32>) -> tensor<4x16xf32>
  %2 = graph.gelu tanh %1 : tensor<4x16xf32> -> tensor<4x16xf32>
  %3 = graph.dot %2, %table batch [] x [] contract [1] x [1] : (tensor<4x16xf32>, tensor<503x16xf32>) -> tensor<4x503xf32>
  %4 = graph.softmax %3 dim 1 : tensor<4x503xf32> -> tensor<4x503xf32>
  %5 = graph.exp %4 : tensor<4x503xf32> -> tensor<4x503xf32>
  %6 = graph.reduce max %5 dims [1] : tensor<4x503xf32> -> tensor<4xf32>
  return %6 : tensor<4xf32>
}

func.func @other(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = graph.exp %x : tensor<4xf32> -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
