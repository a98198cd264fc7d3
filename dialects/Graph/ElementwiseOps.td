//===- ElementwiseOps.td - One result element from one of each -*- tablegen -*-===//
#ifndef VESCALE_DIALECTS_GRAPH_ELEMENTWISE
#define VESCALE_DIALECTS_GRAPH_ELEMENTWISE

include "dialects/Graph/GraphBase.td"

//===----------------------------------------------------------------------===//
// Unary
//===----------------------------------------------------------------------===//

class Graph_UnaryOp<string mnemonic, string what, Type type = Graph_FloatTensor>
    : Graph_Op<mnemonic> {
  let summary = what;
  let arguments = (ins type:$input);
  let results = (outs type:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasFolder = 1;
}

def Graph_NegOp : Graph_UnaryOp<"neg", "-x", Graph_NumberTensor>;
def Graph_AbsOp : Graph_UnaryOp<"abs", "|x|", Graph_NumberTensor>;
def Graph_SignOp : Graph_UnaryOp<"sign", "-1, 0 or 1", Graph_NumberTensor>;
def Graph_ExpOp : Graph_UnaryOp<"exp", "e to the x">;
def Graph_LogOp : Graph_UnaryOp<"log", "natural logarithm">;
def Graph_SqrtOp : Graph_UnaryOp<"sqrt", "square root">;
def Graph_RsqrtOp : Graph_UnaryOp<"rsqrt", "1 / sqrt(x)">;
def Graph_ReciprocalOp : Graph_UnaryOp<"reciprocal", "1 / x">;
def Graph_TanhOp : Graph_UnaryOp<"tanh", "hyperbolic tangent">;
def Graph_ErfOp : Graph_UnaryOp<"erf", "error function">;
def Graph_SinOp : Graph_UnaryOp<"sin", "sine of radians">;
def Graph_CosOp : Graph_UnaryOp<"cos", "cosine of radians">;
def Graph_SigmoidOp : Graph_UnaryOp<"sigmoid", "1 / (1 + exp(-x))">;
def Graph_FloorOp : Graph_UnaryOp<"floor", "largest whole number ≤ x">;
def Graph_CeilOp : Graph_UnaryOp<"ceil", "smallest whole number ≥ x">;
def Graph_RoundOp : Graph_UnaryOp<"round", "nearest whole number, ties to even">;
def Graph_ReluOp : Graph_UnaryOp<"relu", "max(x, 0)", Graph_NumberTensor>;
def Graph_SiluOp : Graph_UnaryOp<"silu", "x · sigmoid(x)">;
def Graph_NotOp : Graph_UnaryOp<"not", "logical or bitwise complement",
                                Graph_BitTensor>;

def Graph_GeluApproximation : I32EnumAttr<"GeluApproximation",
    "how gelu is computed", [
      I32EnumAttrCase<"None", 0, "none">,
      I32EnumAttrCase<"Tanh", 1, "tanh">]> {
  let cppNamespace = "::vescale::graph";
  let genSpecializedAttr = 0;
}
def Graph_GeluApproximationAttr
    : EnumAttr<Graph_Dialect, Graph_GeluApproximation, "gelu">;

def Graph_GeluOp : Graph_Op<"gelu"> {
  let summary = "Gaussian error linear unit";
  let description = [{
    With `none` x/2 · (1 + erf(x/√2)); with `tanh`
    x/2 · (1 + tanh(√(2/π) · (x + 0.044715·x³))) (Hendrycks and Gimpel, 2016).
  }];
  let arguments = (ins Graph_FloatTensor:$input,
                       Graph_GeluApproximationAttr:$approximation);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = [{
    `` $approximation $input attr-dict `:` type($input) `->` type($result)
  }];
  let hasFolder = 1;
}

def Graph_IsNanOp : Graph_Op<"is_nan"> {
  let summary = "whether an element is not a number";
  let arguments = (ins Graph_FloatTensor:$input);
  let results = (outs Graph_BoolTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasFolder = 1;
}

def Graph_CastOp : Graph_Op<"cast"> {
  let summary = "conversion between element types";
  let description = [{
    To a narrower float rounds to nearest even; float to integer truncates
    toward zero, saturating, and takes NaN to 0; anything to i1 is `x != 0`.
  }];
  let arguments = (ins Graph_Tensor:$input);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

//===----------------------------------------------------------------------===//
// Binary
//===----------------------------------------------------------------------===//

class Graph_BinaryOp<string mnemonic, string what,
                     Type type = Graph_NumberTensor>
    : Graph_Op<mnemonic> {
  let summary = what;
  let arguments = (ins type:$lhs, type:$rhs);
  let results = (outs type:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs attr-dict `:` `(` type($lhs) `,` type($rhs) `)` `->`
    type($result)
  }];
  let hasFolder = 1;
}

def Graph_AddOp : Graph_BinaryOp<"add", "x + y">;
def Graph_SubOp : Graph_BinaryOp<"sub", "x - y">;
def Graph_MulOp : Graph_BinaryOp<"mul", "x · y">;
def Graph_DivOp : Graph_BinaryOp<"div", "x / y, truncated for integers">;
def Graph_RemOp : Graph_BinaryOp<"rem", "x - y · truncate(x / y)">;
def Graph_PowOp : Graph_BinaryOp<"pow", "x to the y", Graph_FloatTensor>;
def Graph_MaxOp : Graph_BinaryOp<"max", "the larger; NaN if one is">;
def Graph_MinOp : Graph_BinaryOp<"min", "the smaller; NaN if one is">;
def Graph_AndOp : Graph_BinaryOp<"and", "logical or bitwise and",
                                 Graph_BitTensor>;
def Graph_OrOp : Graph_BinaryOp<"or", "logical or bitwise or", Graph_BitTensor>;
def Graph_XorOp : Graph_BinaryOp<"xor", "logical or bitwise exclusive or",
                                 Graph_BitTensor>;

def Graph_Comparison : I32EnumAttr<"Comparison", "a comparison", [
      I32EnumAttrCase<"Eq", 0, "eq">, I32EnumAttrCase<"Ne", 1, "ne">,
      I32EnumAttrCase<"Lt", 2, "lt">, I32EnumAttrCase<"Le", 3, "le">,
      I32EnumAttrCase<"Gt", 4, "gt">, I32EnumAttrCase<"Ge", 5, "ge">]> {
  let cppNamespace = "::vescale::graph";
  let genSpecializedAttr = 0;
}
def Graph_ComparisonAttr : EnumAttr<Graph_Dialect, Graph_Comparison, "compare">;

def Graph_CompareOp : Graph_Op<"compare"> {
  let summary = "elementwise comparison";
  let description = [{ With NaN every comparison but `ne` is false. }];
  let arguments = (ins Graph_ComparisonAttr:$comparison, Graph_Tensor:$lhs,
                       Graph_Tensor:$rhs);
  let results = (outs Graph_BoolTensor:$result);
  let assemblyFormat = [{
    `` $comparison $lhs `,` $rhs attr-dict `:` `(` type($lhs) `,` type($rhs) `)`
    `->` type($result)
  }];
  let hasFolder = 1;
}

def Graph_SelectOp : Graph_Op<"select"> {
  let summary = "one of two elements by a condition";
  let arguments = (ins Graph_BoolTensor:$condition, Graph_Tensor:$on_true,
                       Graph_Tensor:$on_false);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $condition `,` $on_true `,` $on_false attr-dict `:`
    `(` type($condition) `,` type($on_true) `,` type($on_false) `)` `->`
    type($result)
  }];
  let hasFolder = 1;
}

#endif // VESCALE_DIALECTS_GRAPH_ELEMENTWISE
