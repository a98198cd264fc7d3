// RUN: vescale-opt %s --train-check-data --split-input-file --verify-diagnostics

module attributes {graph.train = "{\22schema\22: \22vescale.train/1\22, \22data\22: {\22x\22: {\22from\22: \22a\22}, \22y\22: {\22from\22: \22b\22}, \22rate\22: {\22fill\22: 0.5}}}"} {
  func.func @main(%x: tensor<4x2xf32> {graph.name = "x"}, %y: tensor<4xi64> {graph.name = "y"}, %rate: tensor<f32> {graph.name = "rate"}) {
    return
  }
}

// -----

// expected-error @unknown {{nothing says where the input 'y' comes from; name it under "data" in the train file}}
module attributes {graph.train = "{\22schema\22: \22vescale.train/1\22, \22data\22: {\22x\22: {\22from\22: \22a\22}}}"} {
  func.func @main(%x: tensor<4x2xf32> {graph.name = "x"}, %y: tensor<4xi64> {graph.name = "y"}) {
    return
  }
}

// -----

// expected-error @unknown {{the train file says where 'z' comes from, which is no input of the step}}
module attributes {graph.train = "{\22schema\22: \22vescale.train/1\22, \22data\22: {\22x\22: {\22from\22: \22a\22}, \22z\22: {\22from\22: \22a\22}}}"} {
  func.func @main(%x: tensor<4x2xf32> {graph.name = "x"}) {
    return
  }
}

// -----

// expected-error @unknown {{the input 'y' has 3 samples, but 'x' has 4}}
module attributes {graph.train = "{\22schema\22: \22vescale.train/1\22, \22data\22: {\22x\22: {\22from\22: \22a\22}, \22y\22: {\22from\22: \22b\22}}}"} {
  func.func @main(%x: tensor<4x2xf32> {graph.name = "x"}, %y: tensor<3xi64> {graph.name = "y"}) {
    return
  }
}

// -----

// expected-error @unknown {{the input 'x' is a scalar; only a number can fill it: "data": {"x": {"fill": 0}}}}
module attributes {graph.train = "{\22schema\22: \22vescale.train/1\22, \22data\22: {\22x\22: {\22from\22: \22a\22}}}"} {
  func.func @main(%x: tensor<f32> {graph.name = "x"}) {
    return
  }
}

// -----

// expected-error @unknown {{the input 'x' is of 16-bit floats, which no number can fill}}
module attributes {graph.train = "{\22schema\22: \22vescale.train/1\22, \22data\22: {\22x\22: {\22fill\22: 1}}}"} {
  func.func @main(%x: tensor<4xbf16> {graph.name = "x"}) {
    return
  }
}
