// Rounding a single element ends in a selection, which LLVM's optimiser made one
// of bf16 values; for those LLVM calls a compiler library that programs lack.
// RUN: vescale-compile %s -o %t --compile-from=schedule
func.func @main(%x: tensor<bf16> {graph.name = "x"}) -> (tensor<bf16> {graph.name = "y"}) {
  %0 = graph.reduce sum %x dims [] : tensor<bf16> -> tensor<bf16>
  return %0 : tensor<bf16>
}
