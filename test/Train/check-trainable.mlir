// RUN: vescale-opt %s --train-check-trainable --split-input-file --verify-diagnostics

module attributes {graph.unnamed_weights = []} {
  func.func @main() -> tensor<2xf32> {
    %0 = graph.parameter "w" source <"m", 0, 8, tensor<2xf32>> named : tensor<2xf32>
    return %0 : tensor<2xf32>
  }
}

// -----

// expected-error @+1 {{the model can't be trained as it is: the exporter left tensors in the model that may hold weights, but under no name of the model's: 'val_7'; export it with optimize=False}}
module attributes {graph.unnamed_weights = ["val_7"]} {
  func.func @main() -> tensor<2xf32> {
    %0 = graph.parameter "val_7" source <"m", 0, 8, tensor<2xf32>> : tensor<2xf32>
    return %0 : tensor<2xf32>
  }
}

// -----

// expected-error @+1 {{but under no name of the model's: 'w'; export it with optimize=False}}
module {
  func.func @main() -> tensor<2xf32> {
    %0 = graph.parameter "w" source <"m", 0, 8, tensor<2xf32>> : tensor<2xf32>
    return %0 : tensor<2xf32>
  }
}

// -----

// What has no source is given later.
module {
  func.func @main() -> tensor<2xf32> {
    %0 = graph.parameter "w" : tensor<2xf32>
    return %0 : tensor<2xf32>
  }
}
