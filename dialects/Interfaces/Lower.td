//===- Lower.td - How an op becomes code -----------------------*- tablegen -*-===//
//
// The interface by which an op of any dialect states how one of its elements is
// computed.
//
//===----------------------------------------------------------------------===//
#ifndef VESCALE_DIALECTS_INTERFACES_LOWER
#define VESCALE_DIALECTS_INTERFACES_LOWER

include "mlir/IR/OpBase.td"

def LowerOpInterface : OpInterface<"LowerOpInterface"> {
  let cppNamespace = "::vescale";
  let description = [{
    An op whose result can be computed element by element from elements of its
    operands. Since operands are read through the builder, ops fuse by emitting
    their elements one inside the other. See Lower.h and
    docs/Design/lowering.md.
  }];
  let methods = [
    InterfaceMethod<"What an element costs, which decides on fusion.",
      "::vescale::LoweringKind", "getLoweringKind", (ins)>,
    InterfaceMethod<[{
      Emits the code for the element of the result at a position and returns it
      in its compute type (see computeType).
    }],
      "::mlir::Value", "emitElement",
      (ins "::vescale::ElementBuilder &":$builder,
           "const ::vescale::Position &":$at)>,
    InterfaceMethod<[{
      Whether the op reads elements of this operand more than once, so that
      computing them anew at each read would repeat work.
    }],
      "bool", "rereads", (ins "unsigned":$operand), [{}], [{ return false; }]>,
    InterfaceMethod<[{
      Whether the result's element at a position needs this operand's element at
      the same place in row-major order, and no other.
    }],
      "bool", "keepsPosition", (ins "unsigned":$operand), [{}], [{
        return $_op.getLoweringKind() != ::vescale::LoweringKind::Free &&
               !$_op.rereads(operand) &&
               ::vescale::haveSameShape($_op->getOperand(operand),
                                        $_op->getResult(0));
      }]>,
  ];
}

def DecomposeOpInterface : OpInterface<"DecomposeOpInterface"> {
  let cppNamespace = "::vescale";
  let description = [{
    An op that is one call of the library where that has its element types, and
    is made of other ops elsewhere.
  }];
  let methods = [
    InterfaceMethod<[{
      Builds the results from the operands by other ops of the dialect, on types
      without layouts. The values are the evaluation's, in a prime field too.
    }],
      "::llvm::SmallVector<::mlir::Value>", "decompose",
      (ins "::mlir::OpBuilder &":$builder)>,
  ];
}

def RowOpInterface : OpInterface<"RowOpInterface", [LowerOpInterface]> {
  let cppNamespace = "::vescale";
  let description = [{
    An op whose elements depend on a whole row of the operand (softmax, norms,
    scans); its kind is Row.
  }];
  let methods = [
    InterfaceMethod<"The dimensions that make up a row, increasing.",
      "::llvm::SmallVector<int64_t>", "getRowDims", (ins)>,
    InterfaceMethod<[{
      Emits what is computed once per row before any of its elements. The values
      are what emitElement gets from ElementBuilder::rowState.
    }],
      "::llvm::SmallVector<::mlir::Value>", "emitRow",
      (ins "::vescale::ElementBuilder &":$builder,
           "const ::vescale::Row &":$row)>,
  ];
}

#endif // VESCALE_DIALECTS_INTERFACES_LOWER
