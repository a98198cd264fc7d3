// Canonicalisation merges a conversion to f32 and the rounding to bf16 into one
// conversion, for which LLVM calls a compiler library that programs lack: the
// program could not be linked.
// RUN: vescale-compile %s -o %t --compile-from=schedule
// RUN: vescale-opt %s --vescale-lower --vescale-emit-cpu-kernels | FileCheck %s

// CHECK: llvm.func @kernel_0
// CHECK: llvm.sitofp {{.*}} : i8 to f32
// CHECK: llvm.func @kernel_1
// CHECK: llvm.uitofp {{.*}} : i1 to f32
func.func @main(%x: tensor<6xi8> {graph.name = "x"}, %y: tensor<6xi1> {graph.name = "y"})
    -> (tensor<6xbf16> {graph.name = "a"}, tensor<6xbf16> {graph.name = "b"}) {
  %0 = graph.cast %x : tensor<6xi8> -> tensor<6xbf16>
  %1 = graph.cast %y : tensor<6xi1> -> tensor<6xbf16>
  return %0, %1 : tensor<6xbf16>, tensor<6xbf16>
}
