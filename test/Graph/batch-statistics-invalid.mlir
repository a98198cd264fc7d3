// RUN: vescale-opt %s --split-input-file --verify-diagnostics

func.func @channels(%x: tensor<4x3x2xf32>, %m: tensor<2xf32>, %v: tensor<3xf32>) {
  // expected-error @+1 {{running_mean}}
  %0:2 = graph.batch_statistics %x running %m, %v momentum 0.9
    : tensor<4x3x2xf32>, tensor<2xf32>, tensor<3xf32> -> tensor<3xf32>, tensor<3xf32>
  return
}

// -----

func.func @result(%x: tensor<4x3x2xf32>, %m: tensor<3xf32>) {
  // expected-error @+1 {{has a result of shape 4, but 3 channels}}
  %0:2 = graph.batch_statistics %x running %m, %m momentum 0.9
    : tensor<4x3x2xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>, tensor<4xf32>
  return
}

// -----

func.func @rank(%x: tensor<4xf32>, %m: tensor<4xf32>) {
  // expected-error @+1 {{needs an input with channels, of rank 2 at least}}
  %0:2 = graph.batch_statistics %x running %m, %m momentum 0.9
    : tensor<4xf32>, tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>, tensor<4xf32>
  return
}

// -----

func.func @momentum(%x: tensor<4x3xf32>, %m: tensor<3xf32>) {
  // expected-error @+1 {{has a momentum that is no share: 1.5}}
  %0:2 = graph.batch_statistics %x running %m, %m momentum 1.5
    : tensor<4x3xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>, tensor<3xf32>
  return
}

// -----

func.func @empty(%x: tensor<0x3xf32>, %m: tensor<3xf32>) {
  // expected-error @+1 {{has no elements to take statistics of}}
  %0:2 = graph.batch_statistics %x running %m, %m momentum 0.9 of_batch
    : tensor<0x3xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>, tensor<3xf32>
  return
}
