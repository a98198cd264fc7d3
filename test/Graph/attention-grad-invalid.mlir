// RUN: vescale-opt %s --split-input-file --verify-diagnostics

func.func @f(%q: tensor<1x2x3x4xf16>) {
  // expected-error @+1 {{lse must be 'tensor<1x2x3xf32>', but is 'tensor<1x2x3xf16>'}}
  %r, %lse = graph.attention %q, %q, %q scale 0.5 : (tensor<1x2x3x4xf16>, tensor<1x2x3x4xf16>, tensor<1x2x3x4xf16>) -> tensor<1x2x3x4xf16> lse tensor<1x2x3xf16>
  return
}

// -----

func.func @f(%q: tensor<1x2x3x4xf32>, %s: tensor<1x2x3xf32>, %d: tensor<1x2x4xf32>) {
  // expected-error @+1 {{delta must be 'tensor<1x2x3xf32>', but is 'tensor<1x2x4xf32>'}}
  %a, %b, %c = graph.attention_grad %q, %q, %q result %q lse %s delta %d scale 0.5
      : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3xf32>, tensor<1x2x4xf32>)
      -> (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>)
  return
}

// -----

func.func @f(%q: tensor<1x2x3x4xf32>, %v: tensor<1x2x3x5xf32>, %s: tensor<1x2x3xf32>) {
  // expected-error @+1 {{result_grad should be 1×2×3×5, but is 1×2×3×4}}
  %a, %b, %c = graph.attention_grad %q, %q, %v result %q lse %s delta %s scale 0.5
      : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x5xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3xf32>, tensor<1x2x3xf32>)
      -> (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x5xf32>)
  return
}

// -----

func.func @f(%q: tensor<1x4x3x4xf32>, %k: tensor<1x2x3x4xf32>, %s: tensor<1x4x3xf32>) {
  // expected-error @+1 {{result 1 must have the shape 1×2×3×4 of operand 1, but has 1×4×3×4}}
  %a, %b, %c = graph.attention_grad %q, %k, %k result %q lse %s delta %s scale 0.5
      : (tensor<1x4x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x4x3x4xf32>, tensor<1x4x3xf32>, tensor<1x4x3xf32>)
      -> (tensor<1x4x3x4xf32>, tensor<1x4x3x4xf32>, tensor<1x2x3x4xf32>)
  return
}

// -----

func.func @f(%q: tensor<1x3x3x4xf32>, %k: tensor<1x2x3x4xf32>, %s: tensor<1x3x3xf32>) {
  // expected-error @+1 {{has 3 query heads, which 2 key heads do not divide}}
  %a, %b, %c = graph.attention_grad %q, %k, %k result %q lse %s delta %s scale 0.5
      : (tensor<1x3x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x3x3x4xf32>, tensor<1x3x3xf32>, tensor<1x3x3xf32>)
      -> (tensor<1x3x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>)
  return
}
