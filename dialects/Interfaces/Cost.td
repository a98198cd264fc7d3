//===- Cost.td - The work of an op -----------------------------*- tablegen -*-===//
//
// The interface by which an op of any dialect states what it costs, free of any
// machine.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_DIALECTS_INTERFACES_COST
#define VESCALE_DIALECTS_INTERFACES_COST

include "mlir/IR/OpBase.td"

def CostOpInterface : OpInterface<"CostOpInterface"> {
  let cppNamespace = "::vescale";
  let description = [{
    An op whose work follows from the shapes of its operands and results. The
    shapes are given, so that a planner can price shards without building them.
  }];
  let methods = [
    InterfaceMethod<[{
      The work on operands and results of these types, which may be smaller than
      the op's own. A multiplication and an addition count as one operation
      each, and so does any other function of one element.
    }],
      "::vescale::OpCost", "getCost",
      (ins "::llvm::ArrayRef<::mlir::RankedTensorType>":$operandTypes,
           "::llvm::ArrayRef<::mlir::RankedTensorType>":$resultTypes)>,
  ];
}

#endif // VESCALE_DIALECTS_INTERFACES_COST
