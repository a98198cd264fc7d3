// RUN: vescale-opt %s --graph-decompose-statistics | FileCheck %s

// CHECK-LABEL: func.func @running
// CHECK-SAME: (%[[X:.*]]: tensor<2x3x2xf32>, %[[M:.*]]: tensor<3xf32>, %[[V:.*]]: tensor<3xf32>)
// CHECK-NEXT: return %[[M]], %[[V]]
func.func @running(%x: tensor<2x3x2xf32>, %m: tensor<3xf32>, %v: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %0:2 = graph.batch_statistics %x running %m, %v momentum 0.9
    : tensor<2x3x2xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>, tensor<3xf32>
  return %0#0, %0#1 : tensor<3xf32>, tensor<3xf32>
}

// CHECK-LABEL: func.func @own
// CHECK-SAME: (%[[X:.*]]: tensor<2x3x2xf32>, %[[M:.*]]: tensor<3xf32>, %[[V:.*]]: tensor<3xf32>)
// CHECK-NEXT: %[[COUNT:.*]] = graph.constant dense<4.000000e+00>
// CHECK-NEXT: %[[SUM:.*]] = graph.reduce sum %[[X]] dims [0, 2]
// CHECK-NEXT: %[[MEAN:.*]] = graph.div %[[SUM]], %[[COUNT]]
// CHECK-NEXT: %[[SPREAD:.*]] = graph.broadcast %[[MEAN]] dims [1]
// CHECK-NEXT: %[[CENTRED:.*]] = graph.sub %[[X]], %[[SPREAD]]
// CHECK-NEXT: %[[SQUARES:.*]] = graph.mul %[[CENTRED]], %[[CENTRED]]
// CHECK-NEXT: %[[TOTAL:.*]] = graph.reduce sum %[[SQUARES]] dims [0, 2]
// CHECK-NEXT: %[[VARIANCE:.*]] = graph.div %[[TOTAL]], %[[COUNT]]
// CHECK-NEXT: return %[[MEAN]], %[[VARIANCE]]
func.func @own(%x: tensor<2x3x2xf32>, %m: tensor<3xf32>, %v: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %0:2 = graph.batch_statistics %x running %m, %v momentum 0.9 of_batch
    : tensor<2x3x2xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>, tensor<3xf32>
  return %0#0, %0#1 : tensor<3xf32>, tensor<3xf32>
}
