//===- GraphBase.td - The graph dialect and its op classes -----*- tablegen -*-===//
#ifndef VESCALE_DIALECTS_GRAPH_BASE
#define VESCALE_DIALECTS_GRAPH_BASE

include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "dialects/Dist/DistInterfaces.td"
include "dialects/Interfaces/Cost.td"
include "dialects/Interfaces/Differentiate.td"
include "dialects/Interfaces/Evaluate.td"
include "dialects/Interfaces/Lower.td"

def Graph_Dialect : Dialect {
  let name = "graph";
  let cppNamespace = "::vescale::graph";
  let summary = "Whole-tensor ops with the meaning they have on one device";
  let description = [{
    A model is one function of `graph` ops over tensors of static shape. No op
    broadcasts implicitly. Every op states by interface what the system knows of
    it: how it is sharded, evaluated, priced and lowered.

    Result types are written out rather than inferred, since before partition a
    type carries the value's layout.
  }];
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::vescale::dist::DistDialect"];
  let hasConstantMaterializer = 1;
}

/// The element types that every op, kernel and transport supports.
def Graph_Float : AnyTypeOf<[F32, F64, F16, BF16], "f32, f64, f16 or bf16">;
def Graph_Int : AnyTypeOf<[I8, I16, I32, I64], "i8, i16, i32 or i64">;
def Graph_Tensor : StaticShapeTensorOf<[Graph_Float, Graph_Int, I1]>;
def Graph_NumberTensor : StaticShapeTensorOf<[Graph_Float, Graph_Int]>;
def Graph_FloatTensor : StaticShapeTensorOf<[Graph_Float]>;
def Graph_IntTensor : StaticShapeTensorOf<[Graph_Int]>;
def Graph_BoolTensor : StaticShapeTensorOf<[I1]>;
/// Types that logical ops take: bits of integers, or truth values.
def Graph_BitTensor : StaticShapeTensorOf<[Graph_Int, I1]>;

/// What every op of the dialect declares, besides how it becomes code;
/// CompletenessTest walks the registered ops and fails where one lacks an
/// interface.
defvar Graph_Interfaces = [
  DeclareOpInterfaceMethods<ShardableOpInterface>,
  DeclareOpInterfaceMethods<EvaluateOpInterface>,
  DeclareOpInterfaceMethods<CostOpInterface>,
  DeclareOpInterfaceMethods<DifferentiableOpInterface>
];

/// An op whose elements follow one by one from elements of its operands.
class Graph_Op<string mnemonic, list<Trait> traits = []>
    : Op<Graph_Dialect, mnemonic,
         !listconcat([Pure], Graph_Interfaces,
                     [DeclareOpInterfaceMethods<LowerOpInterface>], traits)> {
  let hasVerifier = 1;
}

/// An op that is one call of the library, or else is made of other ops.
class Graph_CallOp<string mnemonic, list<Trait> traits = []>
    : Op<Graph_Dialect, mnemonic,
         !listconcat([Pure], Graph_Interfaces,
                     [DeclareOpInterfaceMethods<DecomposeOpInterface>],
                     traits)> {
  let hasVerifier = 1;
}

#endif // VESCALE_DIALECTS_GRAPH_BASE
