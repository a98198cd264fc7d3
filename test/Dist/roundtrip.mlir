// RUN: vescale-opt %s | vescale-opt | FileCheck %s

dist.mesh @m <"dp"=2, "tp"=4>
// CHECK: dist.mesh @m <"dp"=2, "tp"=4>

// CHECK-LABEL: func @layouts
// CHECK-SAME: tensor<8x16xf32, #[[ROWS:[a-z0-9]+]]>
func.func @layouts(%x: tensor<8x16xf32, #dist.layout<@m, [{"dp"}, {}]>>)
    -> tensor<8x16xf32, #dist.layout<@m, [{}, {"tp":(1)2, "tp":(2)2}]>> {
  // CHECK: dist.reshard %{{.*}} origin "the caller" : tensor<8x16xf32, #[[ROWS]]>
  %0 = dist.reshard %x origin "the caller"
    : tensor<8x16xf32, #dist.layout<@m, [{"dp"}, {}]>>
    -> tensor<8x16xf32, #dist.layout<@m, [{}, {"tp":(1)2, "tp":(2)2}]>>
  return %0 : tensor<8x16xf32, #dist.layout<@m, [{}, {"tp":(1)2, "tp":(2)2}]>>
}

// CHECK-LABEL: func @collectives
func.func @collectives(%x: tensor<4x6xf32>) -> tensor<4x6xf32> {
  // CHECK: dist.all_reduce sum %{{.*}} on @m{"tp"}
  %0 = dist.all_reduce sum %x on @m{"tp"} : tensor<4x6xf32> -> tensor<4x6xf32>
  // CHECK: dist.reduce_scatter sum %{{.*}} dim 1 on @m{"tp"}
  %1 = dist.reduce_scatter sum %0 dim 1 on @m{"tp"}
    : tensor<4x6xf32> -> tensor<4x2xf32>
  // CHECK: dist.all_gather %{{.*}} dim 1 on @m{"tp"}
  %2 = dist.all_gather %1 dim 1 on @m{"tp"} : tensor<4x2xf32> -> tensor<4x6xf32>
  // CHECK: dist.all_to_all %{{.*}} split 0 concat 1 on @m{"tp"}
  %3 = dist.all_to_all %1 split 0 concat 1 on @m{"tp"}
    : tensor<4x2xf32> -> tensor<1x6xf32>
  // CHECK: dist.permute %{{.*}} to [1, 0] on @m{"dp"}
  %4 = dist.permute %2 to [1, 0] on @m{"dp"}
    : tensor<4x6xf32> -> tensor<4x6xf32>
  // CHECK: dist.shard_slice %{{.*}} dim 0 on @m{"tp", "dp"}
  %5 = dist.shard_slice %4 dim 0 on @m{"tp", "dp"}
    : tensor<4x6xf32> -> tensor<1x6xf32>
  // CHECK: dist.mask %{{.*}} dim 0 size 5 value 0.000000e+00
  %6 = dist.mask %4 dim 0 size 5 value 0.0 : f32 on @m{"dp"}
    : tensor<4x6xf32> -> tensor<4x6xf32>
  return %6 : tensor<4x6xf32>
}
