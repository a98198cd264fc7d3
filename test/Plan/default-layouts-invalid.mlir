// RUN: not vescale-opt %s --dist-apply-default-layouts="mesh=dp=2,dp=2" 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: not vescale-opt %s --dist-apply-default-layouts="mesh=dp=two" 2>&1 | FileCheck %s --check-prefix=SIZE
// RUN: not vescale-opt %s --dist-apply-default-layouts="mesh=xx=2" 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not vescale-opt %s --dist-apply-default-layouts="mesh=tp=2 sp-axis=tp" 2>&1 | FileCheck %s --check-prefix=AXIS
// RUN: vescale-opt %s --dist-apply-default-layouts="mesh=tp=2" --verify-diagnostics

// TWICE: mesh 'dp=2,dp=2' lists axis 'dp' twice
// SIZE: mesh 'dp=two': 'dp=two' is not AXIS=SIZE, as in dp=2,tp=2
// NAME: mesh axis 'xx' has no usual meaning here (dp and tp have); say with a plan file what it shards
// AXIS: sp-axis 'tp' says nothing without sp, which can be megatron or ulysses

func.func @heads(%q: tensor<1x3x4x8xf32>) -> tensor<1x3x4x8xf32> {
  // expected-remark @+1 {{attention keeps its 3 heads (3 of keys and values) on each of 2 ranks of "tp", which do not divide them; choose a size that does}}
  %0 = graph.attention %q, %q, %q scale 1.0
    : (tensor<1x3x4x8xf32>, tensor<1x3x4x8xf32>, tensor<1x3x4x8xf32>) -> tensor<1x3x4x8xf32>
  return %0 : tensor<1x3x4x8xf32>
}
