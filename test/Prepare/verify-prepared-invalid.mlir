// RUN: vescale-opt --graph-verify-prepared --split-input-file --verify-diagnostics %s

// expected-error@+1 {{stands beside the one function 'main' that import makes}}
func.func @other() {
  return
}

// -----

func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error@+1 {{is not an op of the graph dialect; a frontend should have imported it as one}}
  %0 = math.exp %x : tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

// expected-error@+1 {{has a value of type 'tensor<?xf32>'; import should have made it a tensor of static shape}}
func.func @main(%x: tensor<?xf32>) {
  return
}

// -----

dist.mesh @m <"dp"=2>
// expected-error@-1 {{stands beside the one function 'main' that import makes}}

// -----

// expected-error@+1 {{has no function 'main' of one block}}
module {
}
