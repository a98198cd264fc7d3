//===- Evaluate.td - The reference evaluation of an op ---------*- tablegen -*-===//
//
// The interfaces by which an op of any dialect states what it computes, for the
// reference interpreter.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_DIALECTS_INTERFACES_EVALUATE
#define VESCALE_DIALECTS_INTERFACES_EVALUATE

include "mlir/IR/OpBase.td"

def EvaluateOpInterface : OpInterface<"EvaluateOpInterface"> {
  let cppNamespace = "::vescale";
  let description = [{
    An op whose results on one rank follow from its operands there.
  }];
  let methods = [
    InterfaceMethod<[{
      The results for these operands, of the shapes that the result types say.
      Slow, simple and obviously right: the definition of the op. Failure comes
      with a diagnostic at the op.
    }],
      "::vescale::Tensors", "evaluate",
      (ins "::llvm::ArrayRef<const ::vescale::Tensor *>":$operands,
           "::vescale::EvaluateContext &":$context)>,
  ];
}

def EvaluateCollectiveOpInterface
    : OpInterface<"EvaluateCollectiveOpInterface"> {
  let cppNamespace = "::vescale";
  let description = [{
    An op of one operand and one result whose result on a rank follows from the
    operand on all ranks.
  }];
  let methods = [
    InterfaceMethod<"The result on each rank for the operand on each rank.",
      "::vescale::Tensors", "evaluateOnRanks",
      (ins "::llvm::ArrayRef<const ::vescale::Tensor *>":$operands,
           "::vescale::EvaluateContext &":$context)>,
  ];
}

#endif // VESCALE_DIALECTS_INTERFACES_EVALUATE
