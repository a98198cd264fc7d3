// RUN: vescale-opt %s --dist-partition-pipeline | FileCheck %s

// A Megatron MLP: the hidden dimension is sharded, the result is a sum over the
// ranks, completed once.

#x = #dist.layout<@m, [{"dp"}, {}]>
#w1 = #dist.layout<@m, [{}, {"tp"}]>
#w2 = #dist.layout<@m, [{"tp"}, {}]>
#h = #dist.layout<@m, [{"dp"}, {"tp"}]>
#p = #dist.layout<@m, [{"dp"}, {}], partial = sum{"tp"}>

dist.mesh @m <"dp"=2, "tp"=2>

// CHECK-LABEL: func @main
// CHECK-SAME: %[[X:.+]]: tensor<4x16xf32> {graph.global = tensor<8x16xf32, #{{.*}}>, graph.name = "x"}
func.func @main(%x: tensor<8x16xf32, #x> {graph.name = "x"}) -> tensor<8x16xf32, #x> {
  // CHECK: %[[W1:.+]] = graph.parameter "w1" global tensor<16x30xf32, #{{.*}}> : tensor<16x15xf32>
  %w1 = graph.parameter "w1" : tensor<16x30xf32, #w1>
  %w2 = graph.parameter "w2" : tensor<30x16xf32, #w2>
  // CHECK: %[[H:.+]] = graph.dot %[[X]], %[[W1]]
  // CHECK-SAME: -> tensor<4x15xf32>
  %h = graph.dot %x, %w1 batch [] x [] contract [1] x [0]
    : (tensor<8x16xf32, #x>, tensor<16x30xf32, #w1>) -> tensor<8x30xf32, #h>
  // CHECK: graph.relu
  %r = graph.relu %h : tensor<8x30xf32, #h> -> tensor<8x30xf32, #h>
  // CHECK: %[[P:.+]] = graph.dot
  // CHECK-SAME: -> tensor<4x16xf32>
  %p = graph.dot %r, %w2 batch [] x [] contract [1] x [0]
    : (tensor<8x30xf32, #h>, tensor<30x16xf32, #w2>) -> tensor<8x16xf32, #p>
  // CHECK: dist.all_reduce sum %[[P]] on @m{"tp"} origin "w2" : tensor<4x16xf32>
  %y = dist.reshard %p origin "w2" : tensor<8x16xf32, #p> -> tensor<8x16xf32, #x>
  return %y : tensor<8x16xf32, #x>
}

// A vocabulary that does not divide: a masked lookup, not a gather of the table.

#rows = #dist.layout<@m, [{"tp"}, {}]>
#ids = #dist.layout<@m, [{}]>
#found = #dist.layout<@m, [{}, {}], partial = sum{"tp"}>
#whole = #dist.layout<@m, [{}, {}]>

// CHECK-LABEL: func @lookup
func.func @lookup(%ids: tensor<4xi64, #ids>) -> tensor<4x8xf32, #whole> {
  // CHECK: graph.parameter "table" {{.*}} : tensor<252x8xf32>
  %table = graph.parameter "table" : tensor<503x8xf32, #rows>
  // CHECK: %[[INDEX:.+]] = dist.axis_index on @m{"tp"}
  // CHECK: %[[FOUND:.+]] = graph.take %{{.*}}[%{{.*}}] axis 0 : (tensor<252x8xf32>, tensor<4xi64>)
  // CHECK: %[[MINE:.+]] = graph.select %{{.*}}, %[[FOUND]]
  // CHECK: dist.all_reduce sum %[[MINE]]
  %found = graph.take %table[%ids] axis 0
    : (tensor<503x8xf32, #rows>, tensor<4xi64, #ids>) -> tensor<4x8xf32, #found>
  %r = dist.reshard %found : tensor<4x8xf32, #found> -> tensor<4x8xf32, #whole>
  return %r : tensor<4x8xf32, #whole>
}

// A reduction over padded shards sees the neutral element there.

#odd = #dist.layout<@m, [{"tp"}]>
#sum = #dist.layout<@m, [], partial = sum{"tp"}>
#max = #dist.layout<@m, [], partial = max{"tp"}>
#scalar = #dist.layout<@m, []>

// CHECK-LABEL: func @padding
func.func @padding(%x: tensor<5xf32, #odd>)
    -> (tensor<f32, #scalar>, tensor<f32, #scalar>) {
  // CHECK: dist.mask %{{.*}} dim 0 size 5 value 0.000000e+00 : f32
  %0 = graph.reduce sum %x dims [0] : tensor<5xf32, #odd> -> tensor<f32, #sum>
  // CHECK: dist.mask %{{.*}} dim 0 size 5 value 0xFF800000 : f32
  %1 = graph.reduce max %x dims [0] : tensor<5xf32, #odd> -> tensor<f32, #max>
  // CHECK: dist.all_reduce sum
  %2 = dist.reshard %0 : tensor<f32, #sum> -> tensor<f32, #scalar>
  // CHECK: dist.all_reduce max
  %3 = dist.reshard %1 : tensor<f32, #max> -> tensor<f32, #scalar>
  return %2, %3 : tensor<f32, #scalar>, tensor<f32, #scalar>
}
