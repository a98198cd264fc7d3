// RUN: vescale-opt %s --dist-partition-pipeline --split-input-file | FileCheck %s

// A partial value that is wanted sharded is reduce-scattered.
dist.mesh @m <"a"=2, "b"=4>
// CHECK-LABEL: func @reduce_scatter
func.func @reduce_scatter(%x: tensor<8x8xf32, #dist.layout<@m, [{}, {}]>>)
    -> tensor<8x8xf32, #dist.layout<@m, [{"b"}, {}]>> {
  %w = graph.parameter "w" : tensor<8x8xf32, #dist.layout<@m, [{"b"}, {}]>>
  // CHECK: dist.shard_slice %{{.*}} dim 1 on @m{"b"}
  %0 = dist.reshard %x : tensor<8x8xf32, #dist.layout<@m, [{}, {}]>>
    -> tensor<8x8xf32, #dist.layout<@m, [{}, {"b"}]>>
  %1 = graph.dot %0, %w batch [] x [] contract [1] x [0]
    : (tensor<8x8xf32, #dist.layout<@m, [{}, {"b"}]>>,
       tensor<8x8xf32, #dist.layout<@m, [{"b"}, {}]>>)
    -> tensor<8x8xf32, #dist.layout<@m, [{}, {}], partial = sum{"b"}>>
  // CHECK: dist.reduce_scatter sum %{{.*}} dim 0 on @m{"b"}
  // CHECK-NOT: dist.all_reduce
  %2 = dist.reshard %1
    : tensor<8x8xf32, #dist.layout<@m, [{}, {}], partial = sum{"b"}>>
    -> tensor<8x8xf32, #dist.layout<@m, [{"b"}, {}]>>
  return %2 : tensor<8x8xf32, #dist.layout<@m, [{"b"}, {}]>>
}

// -----

// Moving a sharding to another dimension is an all-to-all.
dist.mesh @m <"a"=2, "b"=4>
// CHECK-LABEL: func @all_to_all
func.func @all_to_all(%x: tensor<8x8xf32, #dist.layout<@m, [{"b"}, {}]>>)
    -> tensor<8x8xf32, #dist.layout<@m, [{}, {"b"}]>> {
  // CHECK: dist.all_to_all %{{.*}} split 1 concat 0 on @m{"b"}
  %0 = dist.reshard %x : tensor<8x8xf32, #dist.layout<@m, [{"b"}, {}]>>
    -> tensor<8x8xf32, #dist.layout<@m, [{}, {"b"}]>>
  return %0 : tensor<8x8xf32, #dist.layout<@m, [{}, {"b"}]>>
}

// -----

// The same shards on other ranks are exchanged whole.
dist.mesh @m <"a"=2, "b"=2>
// CHECK-LABEL: func @permute
func.func @permute(%x: tensor<8x8xf32, #dist.layout<@m, [{"a", "b"}, {}]>>)
    -> tensor<8x8xf32, #dist.layout<@m, [{"b", "a"}, {}]>> {
  // CHECK: dist.permute %{{.*}} to [0, 2, 1, 3] on @m{"a", "b"}
  %0 = dist.reshard %x : tensor<8x8xf32, #dist.layout<@m, [{"a", "b"}, {}]>>
    -> tensor<8x8xf32, #dist.layout<@m, [{"b", "a"}, {}]>>
  return %0 : tensor<8x8xf32, #dist.layout<@m, [{"b", "a"}, {}]>>
}

// -----

// Shards of shards that do not line up are gathered over all axes at once.
dist.mesh @m <"a"=2, "b"=2>
// CHECK-LABEL: func @misaligned
func.func @misaligned(%x: tensor<5xf32, #dist.layout<@m, [{"a", "b"}]>>)
    -> tensor<5xf32, #dist.layout<@m, [{"a"}]>> {
  // CHECK: dist.all_gather %{{.*}} dim 0 on @m{"a", "b"} : tensor<2xf32> -> tensor<5xf32>
  // CHECK: dist.shard_slice %{{.*}} dim 0 on @m{"a"} : tensor<5xf32> -> tensor<3xf32>
  %0 = dist.reshard %x : tensor<5xf32, #dist.layout<@m, [{"a", "b"}]>>
    -> tensor<5xf32, #dist.layout<@m, [{"a"}]>>
  return %0 : tensor<5xf32, #dist.layout<@m, [{"a"}]>>
}

// -----

// Halves of six ranks are no pieces of their thirds: one is gathered before the
// other is cut.
dist.mesh @m <"a"=6>
// CHECK-LABEL: func @halves_to_thirds
func.func @halves_to_thirds(%x: tensor<6x4xf32, #dist.layout<@m, [{"a":(1)2}, {}]>>)
    -> tensor<6x4xf32, #dist.layout<@m, [{"a":(1)3}, {}]>> {
  // CHECK: dist.all_gather %{{.*}} dim 0 on @m{"a":(1)2} : tensor<3x4xf32> -> tensor<6x4xf32>
  // CHECK: dist.shard_slice %{{.*}} dim 0 on @m{"a":(1)3} : tensor<6x4xf32> -> tensor<2x4xf32>
  %0 = dist.reshard %x : tensor<6x4xf32, #dist.layout<@m, [{"a":(1)2}, {}]>>
    -> tensor<6x4xf32, #dist.layout<@m, [{"a":(1)3}, {}]>>
  return %0 : tensor<6x4xf32, #dist.layout<@m, [{"a":(1)3}, {}]>>
}
