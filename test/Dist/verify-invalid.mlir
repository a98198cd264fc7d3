// RUN: vescale-opt %s --split-input-file --verify-diagnostics

// expected-error @+1 {{mesh axis "dp" is listed twice}}
dist.mesh @m <"dp"=2, "dp"=4>

// -----

// expected-error @+1 {{mesh axis "dp" has size 0, needs at least 1}}
dist.mesh @m <"dp"=0>

// -----

// expected-error @+1 {{axis "tp" is used twice in a layout}}
func.func private @f(tensor<4x4xf32, #dist.layout<@m, [{"tp"}, {"tp":(1)2}]>>)

// -----

// Halves of six ranks and the pairs within their thirds.
// expected-error @+1 {{axis "tp" is used twice in a layout}}
func.func private @f(tensor<4x4xf32, #dist.layout<@m, [{"tp":(1)2}, {"tp":(3)2}]>>)

// -----

// expected-error @+1 {{a layout of 1 dimensions on a tensor of 2}}
func.func private @f(tensor<4x4xf32, #dist.layout<@m, [{"tp"}]>>)

// -----

dist.mesh @m <"tp"=2>
func.func @partial(%x: tensor<4xf32, #dist.layout<@m, [{}]>>) {
  // expected-error @+1 {{cannot make a value partial over axis "tp"}}
  %0 = dist.reshard %x : tensor<4xf32, #dist.layout<@m, [{}]>>
    -> tensor<4xf32, #dist.layout<@m, [{}], partial = sum{"tp"}>>
  return
}

// -----

dist.mesh @m <"tp"=2>
func.func @axis(%x: tensor<4xf32>) {
  // expected-error @+1 {{uses axis "dp", which mesh @m lacks}}
  %0 = dist.all_reduce sum %x on @m{"dp"} : tensor<4xf32> -> tensor<4xf32>
  return
}

// -----

dist.mesh @m <"tp"=4>
func.func @gather(%x: tensor<2xf32>) {
  // expected-error @+1 {{gathers 4 shards of 2 along dimension 0, which cannot make 3}}
  %0 = dist.all_gather %x dim 0 on @m{"tp"} : tensor<2xf32> -> tensor<3xf32>
  return
}
