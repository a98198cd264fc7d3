// RUN: vescale-opt %s --split-input-file --verify-diagnostics

func.func @argument(%x: tensor<8xf32>) {
  // expected-error@+1 {{must update the result of a graph.parameter}}
  graph.update %x, %x : tensor<8xf32>, tensor<8xf32>
  return
}

// -----

func.func @shape(%x: tensor<4xf32>) {
  %w = graph.parameter "w" : tensor<8xf32>
  // expected-error@+1 {{gives "w", which is 'tensor<8xf32>', a value of 'tensor<4xf32>'}}
  graph.update %w, %x : tensor<8xf32>, tensor<4xf32>
  return
}

// -----

func.func @twice(%x: tensor<8xf32>) {
  %w = graph.parameter "w" : tensor<8xf32>
  // expected-error@+1 {{is a second update of "w"}}
  graph.update %w, %x : tensor<8xf32>, tensor<8xf32>
  graph.update %w, %x : tensor<8xf32>, tensor<8xf32>
  return
}

// -----

func.func @init() {
  // expected-error@+1 {{begins with different numbers}}
  %w = graph.parameter "w" init dense<[1.0, 2.0]> : tensor<2xf32> : tensor<2xf32>
  return
}
