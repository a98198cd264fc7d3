//===- IndexingOps.td - Reads at computed positions ------------*- tablegen -*-===//
#ifndef VESCALE_DIALECTS_GRAPH_INDEXING
#define VESCALE_DIALECTS_GRAPH_INDEXING

include "dialects/Graph/GraphBase.td"

def Graph_TakeOp : Graph_Op<"take"> {
  let summary = "slices of a tensor at given positions along a dimension";
  let description = [{
    result[i…, j…, k…] = data[i…, indices[j…], k…], where j stands in place of
    dimension `axis`: an embedding lookup for axis 0. An index must lie in
    [0, size); a negative one counts from the end. Others are an error at run
    time, never a silent read elsewhere.
  }];
  let arguments = (ins Graph_Tensor:$data, Graph_IntTensor:$indices,
                       I64Attr:$axis);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $data `[` $indices `]` `axis` $axis attr-dict `:`
    `(` type($data) `,` type($indices) `)` `->` type($result)
  }];
  let extraClassDeclaration = [{
    bool rereads(unsigned operand);
  }];
}

def Graph_TakeAlongOp : Graph_Op<"take_along"> {
  let summary = "one element per position along a dimension";
  let description = [{
    result[i…, j, k…] = data[i…, indices[i…, j, k…], k…] with j at dimension
    `axis`; the other dimensions of data and indices agree. Indices as in
    take.
  }];
  let arguments = (ins Graph_Tensor:$data, Graph_IntTensor:$indices,
                       I64Attr:$axis);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $data `[` $indices `]` `axis` $axis attr-dict `:`
    `(` type($data) `,` type($indices) `)` `->` type($result)
  }];
  let extraClassDeclaration = [{
    bool rereads(unsigned operand);
  }];
}

def Graph_ScatterAddOp : Graph_Op<"scatter_add"> {
  let summary = "sums of slices at given positions along a dimension";
  let description = [{
    The gradient of take: result[i…, r, k…] is the sum of updates[i…, j…, k…]
    over all j… with indices[j…] = r, where j… stands in place of dimension
    `dim`; 0 where no index is r. Terms are added in row-major order of j…, so
    that the bits are the same on any number of threads. Indices as in take.
  }];
  let arguments = (ins Graph_IntTensor:$indices, Graph_FloatTensor:$updates,
                       I64Attr:$dim);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = [{
    $updates `[` $indices `]` `dim` $dim attr-dict `:`
    `(` type($updates) `,` type($indices) `)` `->` type($result)
  }];
  let extraClassDeclaration = [{
    bool rereads(unsigned operand);
  }];
}

#endif // VESCALE_DIALECTS_GRAPH_INDEXING
