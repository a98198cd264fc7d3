// RUN: vescale-opt %s --train-check-trainable --split-input-file --verify-diagnostics

module attributes {graph.train = "{\22schema\22: \22vescale.train/1\22}", graph.unnamed_weights = []} {
  func.func @main() -> tensor<2xf32> {
    %0 = graph.parameter "w" source <"m", 0, 8, tensor<2xf32>> named : tensor<2xf32>
    return %0 : tensor<2xf32>
  }
}

// -----

// expected-error @+1 {{the model can't be trained as it is: the exporter left tensors in the model that may hold weights, but under no name of the model's: 'val_7'; export it with optimize=False}}
module attributes {graph.train = "{\22schema\22: \22vescale.train/1\22}", graph.unnamed_weights = ["val_7"]} {
  func.func @main() -> tensor<2xf32> {
    %0 = graph.parameter "val_7" source <"m", 0, 8, tensor<2xf32>> : tensor<2xf32>
    return %0 : tensor<2xf32>
  }
}

// -----

// expected-error @+1 {{but under no name of the model's: 'w'; export it with optimize=False}}
module attributes {graph.train = "{\22schema\22: \22vescale.train/1\22}"} {
  func.func @main() -> tensor<2xf32> {
    %0 = graph.parameter "w" source <"m", 0, 8, tensor<2xf32>> : tensor<2xf32>
    return %0 : tensor<2xf32>
  }
}

// -----

// What has no source is given later.
module attributes {graph.train = "{\22schema\22: \22vescale.train/1\22}"} {
  func.func @main() -> tensor<2xf32> {
    %0 = graph.parameter "w" : tensor<2xf32>
    return %0 : tensor<2xf32>
  }
}

// -----

// expected-error @+1 {{the export has dropout switched off: Dropout 'a' in h.0, rate 0.1, Dropout 'b' in h.0, rate 0.1, Dropout 'c' in h.1, rate 0.1 and 1 more; export model.train() with optimize=False}}
module attributes {graph.train = "{\22schema\22: \22vescale.train/1\22}", graph.dropouts_off = ["Dropout 'a' in h.0, rate 0.1", "Dropout 'b' in h.0, rate 0.1", "Dropout 'c' in h.1, rate 0.1", "d"]} {
  func.func @main() { return }
}

// -----

// Said on purpose.
module attributes {graph.train = "{\22schema\22: \22vescale.train/1\22, \22dropout\22: {}}", graph.dropouts_off = ["a"]} {
  func.func @main() { return }
}

// -----

// expected-error @+1 {{the export normalizes batches by statistics that it has as parameters: bn.running_mean; training with the batch's own is not supported: list "*running_mean" and "*running_var" under "frozen"}}
module attributes {graph.train = "{\22schema\22: \22vescale.train/1\22}", graph.statistics = ["bn.running_mean"]} {
  func.func @main() -> tensor<2xf32> {
    %0 = graph.parameter "bn.running_mean" source <"m", 0, 8, tensor<2xf32>> named : tensor<2xf32>
    return %0 : tensor<2xf32>
  }
}

// -----

module attributes {graph.train = "{\22schema\22: \22vescale.train/1\22, \22frozen\22: [\22*running_mean\22]}", graph.statistics = ["bn.running_mean"]} {
  func.func @main() -> tensor<2xf32> {
    %0 = graph.parameter "bn.running_mean" source <"m", 0, 8, tensor<2xf32>> named : tensor<2xf32>
    return %0 : tensor<2xf32>
  }
}
