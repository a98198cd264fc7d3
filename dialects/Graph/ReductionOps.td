//===- ReductionOps.td - Reductions and scans ------------------*- tablegen -*-===//
#ifndef VESCALE_DIALECTS_GRAPH_REDUCTION
#define VESCALE_DIALECTS_GRAPH_REDUCTION

include "dialects/Graph/GraphBase.td"

def Graph_Reduction : I32EnumAttr<"Reduction", "a reduction", [
      I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Max", 1, "max">,
      I32EnumAttrCase<"Min", 2, "min">, I32EnumAttrCase<"Prod", 3, "prod">]> {
  let cppNamespace = "::vescale::graph";
  let genSpecializedAttr = 0;
}
def Graph_ReductionAttr : EnumAttr<Graph_Dialect, Graph_Reduction, "reduction">;

def Graph_ReduceOp : Graph_Op<"reduce"> {
  let summary = "reduces dimensions away";
  let description = [{ `dims` increases. Of no elements the sum is 0, the product
    1, the maximum the type's lowest value (-inf) and the minimum its
    highest. }];
  let arguments = (ins Graph_ReductionAttr:$kind, Graph_NumberTensor:$input,
                       DenseI64ArrayAttr:$dims);
  let results = (outs Graph_NumberTensor:$result);
  let assemblyFormat = [{
    `` $kind $input `dims` $dims attr-dict `:` type($input) `->` type($result)
  }];
}

def Graph_CumsumOp : Graph_Op<"cumsum",
    [DeclareOpInterfaceMethods<RowOpInterface>]> {
  let summary = "running sum along a dimension";
  let description = [{ `exclusive` leaves out the element itself, `reverse` runs
    from the end. }];
  let arguments = (ins Graph_NumberTensor:$input, I64Attr:$dim,
                       UnitAttr:$exclusive, UnitAttr:$reverse);
  let results = (outs Graph_NumberTensor:$result);
  let assemblyFormat = [{
    $input `dim` $dim (`exclusive` $exclusive^)? (`reverse` $reverse^)?
    attr-dict `:` type($input) `->` type($result)
  }];
}

def Graph_ArgMaxOp : Graph_Op<"argmax"> {
  let summary = "index of the first largest element along a dimension";
  let description = [{ Drops the dimension. }];
  let arguments = (ins Graph_NumberTensor:$input, I64Attr:$dim);
  let results = (outs Graph_IntTensor:$result);
  let assemblyFormat = [{
    $input `dim` $dim attr-dict `:` type($input) `->` type($result)
  }];
}

#endif // VESCALE_DIALECTS_GRAPH_REDUCTION
