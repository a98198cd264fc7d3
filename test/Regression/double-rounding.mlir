// Numbers just beside the middle of two of f16 or bf16: rounded to f32 first,
// they are the middle, and then go to the wrong side.
// RUN: vescale-interp %s --output=%t.want.safetensors
// RUN: vescale-compile %s -o %t --compile-from=schedule
// RUN: vescale-run %t --output=%t.got.safetensors
// RUN: cmp %t.want.safetensors %t.got.safetensors

func.func @main() -> (tensor<6xf16> {graph.name = "a"}, tensor<6xbf16> {graph.name = "b"},
                      tensor<4xbf16> {graph.name = "c"}, tensor<4xbf16> {graph.name = "d"}) {
  // The middle of two f16 and beside it, the last below the middle of the
  // largest f16 and infinity. What is added is zero; the compiler does not know.
  %x = graph.constant dense<[2049.0, 2049.00000000001, 2050.99999999999, -2049.00000000001,
                             65519.99999999999, 1.0e300]> : tensor<6xf64> -> tensor<6xf64>
  %i = graph.iota dim 0 : tensor<6xf64>
  %n = graph.constant dense<[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]> : tensor<6xf64> -> tensor<6xf64>
  %z = graph.sub %i, %n : (tensor<6xf64>, tensor<6xf64>) -> tensor<6xf64>
  %y = graph.add %x, %z : (tensor<6xf64>, tensor<6xf64>) -> tensor<6xf64>
  %0 = graph.cast %y : tensor<6xf64> -> tensor<6xf16>
  // The same for bf16.
  %bx = graph.constant dense<[257.0, 257.00000000001, 258.99999999999, -257.00000000001,
                              3.0e-39, 1.0e300]> : tensor<6xf64> -> tensor<6xf64>
  %by = graph.add %bx, %z : (tensor<6xf64>, tensor<6xf64>) -> tensor<6xf64>
  %1 = graph.cast %by : tensor<6xf64> -> tensor<6xbf16>
  // 2^60 + 2^52 is a middle, so is 2^60 + 3·2^52; integers beside them.
  %lx = graph.constant dense<[1157425104234217472, 1157425104234217473, -1157425104234217473,
                              1166432303488958463]> : tensor<4xi64> -> tensor<4xi64>
  %li = graph.iota dim 0 : tensor<4xi64>
  %ln = graph.constant dense<[0, 1, 2, 3]> : tensor<4xi64> -> tensor<4xi64>
  %lz = graph.sub %li, %ln : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi64>
  %ly = graph.add %lx, %lz : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi64>
  %2 = graph.cast %ly : tensor<4xi64> -> tensor<4xbf16>
  // 2^24 + 2^16 and 2^24 + 3·2^16.
  %wx = graph.constant dense<[16842752, 16842753, -16842753, 16973823]> : tensor<4xi32> -> tensor<4xi32>
  %wz = graph.cast %lz : tensor<4xi64> -> tensor<4xi32>
  %wy = graph.add %wx, %wz : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
  %3 = graph.cast %wy : tensor<4xi32> -> tensor<4xbf16>
  return %0, %1, %2, %3 : tensor<6xf16>, tensor<6xbf16>, tensor<4xbf16>, tensor<4xbf16>
}
