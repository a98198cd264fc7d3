// RUN: vescale-opt %s --split-input-file --verify-diagnostics

func.func @f() {
  // expected-error @+1 {{[1, 1] is no permutation of dimensions}}
  %0 = graph.parameter "w" named <permuted [1, 1]> : tensor<4x3xf32>
  return
}

// -----

func.func @f() {
  // expected-error @+1 {{is named with a permutation of 2 dimensions, but is stored as 'tensor<4xf32>'}}
  %0 = graph.parameter "w" named <permuted [1, 0]> : tensor<4xf32>
  return
}

// -----

func.func @f() {
  // expected-error @+1 {{invalid kind of attribute specified}}
  %0 = graph.parameter "w" named <tied [7]> : tensor<4xf32>
  return
}
