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

module attributes {graph.train = "{\22schema\22: \22vescale.train/1\22}", graph.unnamed_weights = [], graph.statistics = ["bn.running_mean", "bn.running_var"]} {
  func.func @main(%x: tensor<4x3xf32>) -> (tensor<f32>, tensor<f32>) {
    %m = graph.parameter "bn.running_mean" source <"m", 0, 12, tensor<3xf32>> named : tensor<3xf32>
    %v = graph.parameter "bn.running_var" source <"m", 12, 12, tensor<3xf32>> named : tensor<3xf32>
    // expected-error @+1 {{does not say what batches are normalized by in training: set "batch_norm" in the train file to "batch"}}
    %0:2 = graph.batch_statistics %x running %m, %v momentum 0.75
      : tensor<4x3xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>, tensor<3xf32>
    %1 = graph.broadcast %0#0 dims [1] : tensor<3xf32> -> tensor<4x3xf32>
    %2 = graph.broadcast %0#1 dims [1] : tensor<3xf32> -> tensor<4x3xf32>
    %3 = graph.mul %1, %2 : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
    %4 = graph.reduce sum %3 dims [0, 1] : tensor<4x3xf32> -> tensor<f32>
    return %4, %4 : tensor<f32>, tensor<f32>
  }
}

// -----

// Said by the train file, or by the export.
module attributes {graph.train = "{\22schema\22: \22vescale.train/1\22, \22batch_norm\22: \22frozen\22}", graph.unnamed_weights = [], graph.statistics = ["bn.running_mean", "bn.running_var"]} {
  func.func @main(%x: tensor<4x3xf32>) -> (tensor<f32>, tensor<f32>) {
    %m = graph.parameter "bn.running_mean" source <"m", 0, 12, tensor<3xf32>> named : tensor<3xf32>
    %v = graph.parameter "bn.running_var" source <"m", 12, 12, tensor<3xf32>> named : tensor<3xf32>
    %0:2 = graph.batch_statistics %x running %m, %v momentum 0.75
      : tensor<4x3xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>, tensor<3xf32>
    %1 = graph.broadcast %0#0 dims [1] : tensor<3xf32> -> tensor<4x3xf32>
    %2 = graph.broadcast %0#1 dims [1] : tensor<3xf32> -> tensor<4x3xf32>
    %3 = graph.mul %1, %2 : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
    %4 = graph.reduce sum %3 dims [0, 1] : tensor<4x3xf32> -> tensor<f32>
    return %4, %4 : tensor<f32>, tensor<f32>
  }
}

// -----

module attributes {graph.train = "{\22schema\22: \22vescale.train/1\22, \22batch_norm\22: \22batch\22}", graph.unnamed_weights = [], graph.statistics = ["bn.running_mean", "bn.running_var"]} {
  func.func @main(%x: tensor<4x3xf32>) -> (tensor<f32>, tensor<f32>) {
    %m = graph.parameter "bn.running_mean" source <"m", 0, 12, tensor<3xf32>> named : tensor<3xf32>
    %v = graph.parameter "bn.running_var" source <"m", 12, 12, tensor<3xf32>> named : tensor<3xf32>
    %0:2 = graph.batch_statistics %x running %m, %v momentum 0.75
      : tensor<4x3xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>, tensor<3xf32>
    %1 = graph.broadcast %0#0 dims [1] : tensor<3xf32> -> tensor<4x3xf32>
    %2 = graph.broadcast %0#1 dims [1] : tensor<3xf32> -> tensor<4x3xf32>
    %3 = graph.mul %1, %2 : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
    %4 = graph.reduce sum %3 dims [0, 1] : tensor<4x3xf32> -> tensor<f32>
    return %4, %4 : tensor<f32>, tensor<f32>
  }
}

// -----

module attributes {graph.train = "{\22schema\22: \22vescale.train/1\22}", graph.unnamed_weights = [], graph.statistics = ["bn.running_mean", "bn.running_var"]} {
  func.func @main(%x: tensor<4x3xf32>) -> (tensor<f32>, tensor<f32>) {
    %m = graph.parameter "bn.running_mean" source <"m", 0, 12, tensor<3xf32>> named : tensor<3xf32>
    %v = graph.parameter "bn.running_var" source <"m", 12, 12, tensor<3xf32>> named : tensor<3xf32>
    %0:2 = graph.batch_statistics %x running %m, %v momentum 0.75 of_batch
      : tensor<4x3xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>, tensor<3xf32>
    %1 = graph.broadcast %0#0 dims [1] : tensor<3xf32> -> tensor<4x3xf32>
    %2 = graph.broadcast %0#1 dims [1] : tensor<3xf32> -> tensor<4x3xf32>
    %3 = graph.mul %1, %2 : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
    %4 = graph.reduce sum %3 dims [0, 1] : tensor<4x3xf32> -> tensor<f32>
    return %4, %4 : tensor<f32>, tensor<f32>
  }
}

// -----

module attributes {graph.train = "{\22schema\22: \22vescale.train/1\22, \22batch_norm\22: \22batch\22, \22micro_batches\22: 2}", graph.unnamed_weights = [], graph.statistics = ["bn.running_mean", "bn.running_var"]} {
  func.func @main(%x: tensor<4x3xf32>) -> (tensor<f32>, tensor<f32>) {
    %m = graph.parameter "bn.running_mean" source <"m", 0, 12, tensor<3xf32>> named : tensor<3xf32>
    %v = graph.parameter "bn.running_var" source <"m", 12, 12, tensor<3xf32>> named : tensor<3xf32>
    // expected-error @+1 {{normalizes by the statistics of a step's whole batch, which has 2 micro-batches: each would have its own}}
    %0:2 = graph.batch_statistics %x running %m, %v momentum 0.75
      : tensor<4x3xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>, tensor<3xf32>
    %1 = graph.broadcast %0#0 dims [1] : tensor<3xf32> -> tensor<4x3xf32>
    %2 = graph.broadcast %0#1 dims [1] : tensor<3xf32> -> tensor<4x3xf32>
    %3 = graph.mul %1, %2 : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
    %4 = graph.reduce sum %3 dims [0, 1] : tensor<4x3xf32> -> tensor<f32>
    return %4, %4 : tensor<f32>, tensor<f32>
  }
}

// -----

module attributes {graph.train = "{\22schema\22: \22vescale.train/1\22, \22batch_norm\22: \22batch\22}", graph.unnamed_weights = [], graph.statistics = ["bn.running_mean", "bn.running_var"]} {
  func.func @main(%x: tensor<1x3xf32>) -> (tensor<f32>, tensor<f32>) {
    %m = graph.parameter "bn.running_mean" source <"m", 0, 12, tensor<3xf32>> named : tensor<3xf32>
    %v = graph.parameter "bn.running_var" source <"m", 12, 12, tensor<3xf32>> named : tensor<3xf32>
    // expected-error @+1 {{cannot be trained: a batch has one element of each channel}}
    %0:2 = graph.batch_statistics %x running %m, %v momentum 0.75
      : tensor<1x3xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>, tensor<3xf32>
    %1 = graph.broadcast %0#0 dims [1] : tensor<3xf32> -> tensor<1x3xf32>
    %2 = graph.broadcast %0#1 dims [1] : tensor<3xf32> -> tensor<1x3xf32>
    %3 = graph.mul %1, %2 : (tensor<1x3xf32>, tensor<1x3xf32>) -> tensor<1x3xf32>
    %4 = graph.reduce sum %3 dims [0, 1] : tensor<1x3xf32> -> tensor<f32>
    return %4, %4 : tensor<f32>, tensor<f32>
  }
}

// -----

module attributes {graph.train = "{\22schema\22: \22vescale.train/1\22, \22batch_norm\22: \22batch\22}", graph.unnamed_weights = [], graph.statistics = ["bn.running_mean", "bn.running_var"]} {
  func.func @main(%x: tensor<4x3xf32>) -> (tensor<f32>, tensor<f32>) {
    %m = graph.parameter "bn.running_mean" source <"m", 0, 12, tensor<3xf32>> named : tensor<3xf32>
    %v = graph.parameter "bn.running_var" source <"m", 12, 12, tensor<3xf32>> named : tensor<3xf32>
    // expected-error @+1 {{cannot be trained: "bn.running_mean" has other uses in the export}}
    %0:2 = graph.batch_statistics %x running %m, %v momentum 0.75
      : tensor<4x3xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>, tensor<3xf32>
    %1 = graph.broadcast %0#0 dims [1] : tensor<3xf32> -> tensor<4x3xf32>
    %2 = graph.broadcast %0#1 dims [1] : tensor<3xf32> -> tensor<4x3xf32>
    %3 = graph.mul %1, %2 : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
    %4 = graph.reduce sum %3 dims [0, 1] : tensor<4x3xf32> -> tensor<f32>
    %5 = graph.reduce sum %m dims [0] : tensor<3xf32> -> tensor<f32>
    return %4, %5 : tensor<f32>, tensor<f32>
  }
}

// -----

module attributes {graph.train = "{\22schema\22: \22vescale.train/1\22, \22batch_norm\22: \22batch\22}", graph.unnamed_weights = [], graph.statistics = ["bn.running_mean", "bn.running_var"]} {
  func.func @main(%x: tensor<4x3xf32>) -> (tensor<f32>, tensor<f32>) {
    %m = graph.parameter "bn.running_mean" source <"m", 0, 12, tensor<3xf32>> : tensor<3xf32>
    %v = graph.parameter "bn.running_var" source <"m", 12, 12, tensor<3xf32>> named : tensor<3xf32>
    // expected-error @+1 {{cannot be trained: the export has its running statistics under no name}}
    %0:2 = graph.batch_statistics %x running %m, %v momentum 0.75
      : tensor<4x3xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>, tensor<3xf32>
    %1 = graph.broadcast %0#0 dims [1] : tensor<3xf32> -> tensor<4x3xf32>
    %2 = graph.broadcast %0#1 dims [1] : tensor<3xf32> -> tensor<4x3xf32>
    %3 = graph.mul %1, %2 : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
    %4 = graph.reduce sum %3 dims [0, 1] : tensor<4x3xf32> -> tensor<f32>
    return %4, %4 : tensor<f32>, tensor<f32>
  }
}

// -----

// expected-error @+1 {{the train file has "batch_norm", but the model has no batch normalization}}
module attributes {graph.train = "{\22schema\22: \22vescale.train/1\22, \22batch_norm\22: \22batch\22}", graph.unnamed_weights = []} {
  func.func @main() { return }
}
