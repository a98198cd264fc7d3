// A sum over outer dimensions runs over the last dimension inside, in vectors,
// and is a kernel of its own.
// RUN: vescale-opt %s --graph-lower-to-rank | FileCheck %s

// CHECK-LABEL: rank.program
// CHECK: rank.kernel {{.*}} over [1, 300]
// CHECK: rank.kernel {{.*}} over [300]
// CHECK-LABEL: func.func private @kernel_0
// CHECK: %[[SUMS:.*]] = memref.alloca() {{.*}} : memref<256xf32>
// CHECK: scf.for
// CHECK: scf.for
// CHECK: scf.for
// CHECK: memref.store %{{.*}}, %[[SUMS]]
// CHECK: scf.for
// CHECK: scf.for
// CHECK: arith.addf %{{.*}}, %{{.*}} fastmath<reassoc,contract>
// CHECK: memref.store %{{.*}}, %[[SUMS]]
func.func @main(%x: tensor<64x300xf32>) -> tensor<300xf32> {
  %0 = graph.reduce sum %x dims [0] : tensor<64x300xf32> -> tensor<300xf32>
  %1 = graph.exp %0 : tensor<300xf32> -> tensor<300xf32>
  return %1 : tensor<300xf32>
}
