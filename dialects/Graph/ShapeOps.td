//===- ShapeOps.td - Ops that only move elements ---------------*- tablegen -*-===//
#ifndef VESCALE_DIALECTS_GRAPH_SHAPE
#define VESCALE_DIALECTS_GRAPH_SHAPE

include "dialects/Graph/GraphBase.td"

def Graph_BroadcastOp : Graph_Op<"broadcast"> {
  let summary = "repeats a tensor along new dimensions";
  let description = [{
    Operand dimension i is result dimension `dims[i]`, of the same size; `dims`
    increases. The other result dimensions are new. (A dimension of size 1 is
    dropped with reshape first.)
  }];
  let arguments = (ins Graph_Tensor:$input, DenseI64ArrayAttr:$dims);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $input `dims` $dims attr-dict `:` type($input) `->` type($result)
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    bool rereads(unsigned operand);
    bool keepsPosition(unsigned operand) { return !rereads(operand); }
  }];
}

def Graph_ReshapeOp : Graph_Op<"reshape"> {
  let summary = "the same elements in row-major order under another shape";
  let arguments = (ins Graph_Tensor:$input);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    bool keepsPosition(unsigned operand) { return true; }
  }];
}

def Graph_TransposeOp : Graph_Op<"transpose"> {
  let summary = "permutes dimensions";
  let description = [{ Result dimension i is operand dimension
    `permutation[i]`. }];
  let arguments = (ins Graph_Tensor:$input, DenseI64ArrayAttr:$permutation);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $input `perm` $permutation attr-dict `:` type($input) `->` type($result)
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Graph_SliceOp : Graph_Op<"slice"> {
  let summary = "a strided box of a tensor";
  let description = [{
    Along dimension d the elements `starts[d]`, `starts[d] + strides[d]`, …
    below `limits[d]`. 0 ≤ starts ≤ limits ≤ size, strides ≥ 1.
  }];
  let arguments = (ins Graph_Tensor:$input, DenseI64ArrayAttr:$starts,
      DenseI64ArrayAttr:$limits, DenseI64ArrayAttr:$strides);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $input $starts `to` $limits `step` $strides attr-dict `:` type($input) `->`
    type($result)
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Graph_ReverseOp : Graph_Op<"reverse"> {
  let summary = "reverses the order of elements along a dimension";
  let arguments = (ins Graph_Tensor:$input, I64Attr:$dim);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $input `dim` $dim attr-dict `:` type($input) `->` type($result)
  }];
  let hasFolder = 1;
}

def Graph_ConcatOp : Graph_Op<"concat"> {
  let summary = "sets tensors side by side along a dimension";
  let arguments = (ins Variadic<Graph_Tensor>:$inputs, I64Attr:$dim);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $inputs `dim` $dim attr-dict `:` functional-type($inputs, $result)
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Graph_PadOp : Graph_Op<"pad"> {
  let summary = "surrounds a tensor with a scalar";
  let description = [{ `low[d]` elements before and `high[d]` behind, both
    ≥ 0. }];
  let arguments = (ins Graph_Tensor:$input, Graph_Tensor:$value,
      DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $input `,` $value `low` $low `high` $high attr-dict `:`
    `(` type($input) `,` type($value) `)` `->` type($result)
  }];
  let hasFolder = 1;
  let extraClassDeclaration = [{
    bool rereads(unsigned operand);
  }];
}

#endif // VESCALE_DIALECTS_GRAPH_SHAPE
