// RUN: vescale-opt %s --dist-plan-pipeline=mesh=dp=2,tp=3 --split-input-file --verify-diagnostics

// Ranks of a training step take equal parts of each batch.

// expected-error @unknown {{input 'x' has a batch of 7 samples, which 2 shards do not divide, as training needs; choose another batch (--dim) or another mesh}}
module attributes {graph.train = "{\22schema\22: \22vescale.train/1\22}"} {
  func.func @main(%x: tensor<7x6xf32> {graph.name = "x"}) -> tensor<7x6xf32> {
    %0 = graph.relu %x : tensor<7x6xf32> -> tensor<7x6xf32>
    return %0 : tensor<7x6xf32>
  }
}

// -----

// What one number fills has no samples.

module attributes {graph.train = "{\22schema\22: \22vescale.train/1\22, \22data\22: {\22x\22: {\22fill\22: 1}}}"} {
  func.func @main(%x: tensor<7x6xf32> {graph.name = "x"}) -> tensor<7x6xf32> {
    %0 = graph.relu %x : tensor<7x6xf32> -> tensor<7x6xf32>
    return %0 : tensor<7x6xf32>
  }
}
