// What the planner counts, where an operation takes a nanosecond, as does a byte from memory or over the link; the
// cache, in which all of this lies, gives 4 bytes in one.
//
// RUN: vescale-opt %s --graph-show-prices="cluster=%S/Inputs/no-spare-core.json tp=2 trains" | FileCheck %s
// RUN: vescale-opt %s --graph-show-prices="cluster=%S/Inputs/no-spare-core.json dp=2 trains" | FileCheck %s --check-prefix=DATA
// RUN: not vescale-opt %s --graph-show-prices="cluster=%S/Inputs/no-spare-core.json dp=3" 2>&1 | FileCheck %s --check-prefix=DEVICES
// DEVICES: error: dp * tp is not the machine's 2 devices

func.func @main(%a: tensor<8x16xf32> {graph.name = "a"}) -> tensor<8x32xf32> {
  %w = graph.parameter "w" : tensor<16x32xf32>

  // 2 · 8 · 16 · 32 = 8192 operations forward, and as many for the weight's gradient; the input has none. The
  // optimizer has 12 for each of 512 elements. Operands and result have 512 + 2048 + 1024 bytes, AdamW's state has 8
  // for each element. A dimension over tp has half of all that is cut; what is summed over leaves the result whole.
  //
  // CHECK: graph.dot
  // CHECK-SAME: "[-, -]: forward 8.192 us, backward 8.192 us, update 6.144 us; bytes: transient 3584, parameters 2048, gradients 2048, state 4096"
  // CHECK-SAME: "[-, tp]: forward 4.096 us, backward 4.096 us, update 3.072 us; bytes: transient 2048, parameters 1024, gradients 1024, state 2048"
  // CHECK-SAME: "[-, -] partial over tp: forward 4.096 us, backward 4.096 us, update 3.072 us; bytes: transient 2304, parameters 1024, gradients 1024, state 2048"
  //
  // Gradients share exchanges of 2 MiB. The file's curve for all-reduces goes on as from 1024 to 4096 bytes, 30 µs for
  // 3072: 50 + 2093056 · 30 / 3072 = 20490 µs, and 2048 bytes are 1/1024 of that. By the link, halves of it go over
  // in 1 + 1048.576 µs.
  //
  // DATA: graph.dot
  // DATA-SAME: "[dp, -]: forward 4.096 us, backward 4.096 us, sum over dp 20.010 us, scatter 1.025 us, gather 1.025 us, update 6.144 us; bytes: transient 2816, parameters 2048, gradients 2048, state 4096"
  %h = graph.dot %a, %w batch [] x [] contract [1] x [0] : (tensor<8x16xf32>, tensor<16x32xf32>) -> tensor<8x32xf32>

  // Reads and writes 1024 bytes forward; backward it reads its result, which is saved, and the gradient, and writes
  // one. A gather or a scatter of 1024 bytes sends half of them: 1 + 0.512 µs. The all-reduce of as many takes 20 µs by
  // the file. The other way the gradient is moved: where the product has the whole result and the tanh half of it,
  // halves of the gradient are gathered.
  //
  // CHECK: graph.tanh
  // CHECK-SAME: "[-, -] to [-, tp]: forward 0.000 us, backward 1.512 us, sent 512"
  // CHECK-SAME: "[-, tp] to [-, -]: forward 1.512 us, backward 0.000 us, sent 512"
  // CHECK-SAME: "[-, -] partial over tp to [-, -]: forward 20.000 us, backward 0.000 us, sent 1024"
  // CHECK-SAME: "[-, -] partial over tp to [-, tp]: forward 1.512 us, backward 1.512 us, sent 1024"
  // CHECK-SAME: "[-, -]: forward 0.512 us, backward 0.768 us; bytes: transient 2048"
  // CHECK-SAME: "[-, tp]: forward 0.256 us, backward 0.384 us; bytes: transient 1024"
  // CHECK-SAME: "for all [-, -]: forward 0.000 us; bytes: transient 0, saved 1024"
  // CHECK-SAME: "for all [-, tp]: forward 0.000 us; bytes: transient 0, saved 512"
  %t = graph.tanh %h : tensor<8x32xf32> -> tensor<8x32xf32>
  return %t : tensor<8x32xf32>
}
