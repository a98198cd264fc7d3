// Row ops share a kernel while their rows fit the stack together, and such a
// program runs on threads whose system makes small stacks.
// RUN: vescale-opt %s --split-input-file --graph-lower-to-rank | FileCheck %s
// RUN: vescale-opt %s --split-input-file -o %t.mlir
// RUN: sed '/^\/\/ -----/,$d' %t.mlir > %t.large.mlir
// RUN: vescale-compile %t.large.mlir -o %t --compile-from=schedule
// RUN: bash -c 'ulimit -s unlimited && vescale-run %t --output=%t.npz -- --threads=2'
// RUN: bash -c 'ulimit -S -s 512 && vescale-run %t --output=%t.npz -- --threads=2'

// CHECK-LABEL: rank.program
// CHECK: rank.kernel {{.*}} origin "{{.*}}softmax
// CHECK: rank.kernel {{.*}} origin "{{.*}}softmax
func.func @main() -> (tensor<2x500000xf32> {graph.name = "y"}) {
  %x = graph.iota dim 1 : tensor<2x500000xf32>
  %0 = graph.softmax %x dim 1 : tensor<2x500000xf32> -> tensor<2x500000xf32>
  %1 = graph.softmax %0 dim 1 : tensor<2x500000xf32> -> tensor<2x500000xf32>
  return %1 : tensor<2x500000xf32>
}

// -----

// CHECK-LABEL: rank.program
// CHECK-COUNT-1: rank.kernel
// CHECK-NOT: rank.kernel
func.func @main() -> (tensor<2x500xf32> {graph.name = "y"}) {
  %x = graph.iota dim 1 : tensor<2x500xf32>
  %0 = graph.softmax %x dim 1 : tensor<2x500xf32> -> tensor<2x500xf32>
  %1 = graph.softmax %0 dim 1 : tensor<2x500xf32> -> tensor<2x500xf32>
  return %1 : tensor<2x500xf32>
}
