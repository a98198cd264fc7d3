// RUN: split-file %s %t
// RUN: vescale-opt %t/model.mlir --train-read-options=file=%t/bf16.json --train-lower-precision | FileCheck %t/model.mlir
// RUN: vescale-opt %t/model.mlir --train-read-options=file=%t/f32.json --train-lower-precision | FileCheck %s --check-prefix=SAME
// RUN: not vescale-opt %t/model.mlir --train-read-options=file=%t/wrong.json 2>&1 | FileCheck %s --check-prefix=WRONG

// SAME-NOT: graph.cast
// WRONG: error: {{.*}}wrong.json: "reduce" can be bf16 only where "compute" is

//--- bf16.json
{"schema": "vescale.train/1", "compute": "bf16"}
//--- f32.json
{"schema": "vescale.train/1"}
//--- wrong.json
{"schema": "vescale.train/1", "reduce": "bf16"}
//--- model.mlir
// CHECK: %[[W:.*]] = graph.parameter "w" : tensor<3x2xf32>
// CHECK: %[[X16:.*]] = graph.cast %arg0 : tensor<4x3xf32> -> tensor<4x3xbf16>
// CHECK: %[[W16:.*]] = graph.cast %[[W]] : tensor<3x2xf32> -> tensor<3x2xbf16>
// CHECK: %[[P:.*]] = graph.dot %[[X16]], %[[W16]] {{.*}} -> tensor<4x2xbf16>
// CHECK: %[[Y:.*]] = graph.cast %[[P]] : tensor<4x2xbf16> -> tensor<4x2xf32>
// CHECK: graph.exp %[[Y]] : tensor<4x2xf32>
func.func @main(%x: tensor<4x3xf32>) -> tensor<4x2xf32> {
  %w = graph.parameter "w" : tensor<3x2xf32>
  %p = graph.dot %x, %w batch [] x [] contract [1] x [0] : (tensor<4x3xf32>, tensor<3x2xf32>) -> tensor<4x2xf32>
  %y = graph.exp %p : tensor<4x2xf32> -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}
