//===- Differentiate.td - The derivative of an op --------------*- tablegen -*-===//
//
// The interface by which an op of any dialect states how gradients flow through
// it backward.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_DIALECTS_INTERFACES_DIFFERENTIATE
#define VESCALE_DIALECTS_INTERFACES_DIFFERENTIATE

include "mlir/IR/OpBase.td"

def DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::vescale";
  let description = [{
    An op that says through which of its operands gradients flow, and builds
    their gradients from those of its results. See Differentiate.h and
    docs/Design/differentiation.md.
  }];
  let methods = [
    InterfaceMethod<[{
      Whether the results' derivative with respect to this operand can be other
      than zero. It is zero for integers and truth values, and for what is
      constant piece by piece, such as a floor or a comparison.
    }],
      "bool", "carriesGradient", (ins "unsigned":$operand)>,
    InterfaceMethod<[{
      Builds, at the op's place in the forward program, values that take those of
      its results before it is differentiated by the wanted operands: with further
      results that the derivative reads, or by other ops if the op has no
      derivative of its own for them. Nothing if the op is fine as it is.
    }],
      "::llvm::SmallVector<::mlir::Value>", "prepareToDifferentiate",
      (ins "::mlir::OpBuilder &":$builder, "::llvm::ArrayRef<bool>":$wanted),
      [{}], [{ return {}; }]>,
    InterfaceMethod<[{
      Builds the gradients of the operands that are wanted, at least one. An op
      without a derivative for them emits an error that says what to do instead.
    }],
      "::llvm::LogicalResult", "differentiate",
      (ins "::vescale::GradientBuilder &":$gradients)>,
  ];
}

#endif // VESCALE_DIALECTS_INTERFACES_DIFFERENTIATE
