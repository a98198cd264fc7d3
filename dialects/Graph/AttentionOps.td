//===- AttentionOps.td - Attention and rotary embedding --------*- tablegen -*-===//
#ifndef VESCALE_DIALECTS_GRAPH_ATTENTION
#define VESCALE_DIALECTS_GRAPH_ATTENTION

include "dialects/Graph/GraphBase.td"

def Graph_AttentionOp : Graph_Op<"attention"> {
  let summary = "softmax(softcap(scale · q·kᵀ) + mask) · v for each head";
  let description = [{
    q is B×H×S×D, k is B×K×T×D, v is B×K×T×E, the result B×H×S×E. Query head h
    reads key and value head h / (H/K) (grouped-query attention, Ainslie et al.,
    2023). `mask` is B'×H'×S'×T with each of B', H', S' either 1 or the full size:
    i1 (false counts as minus infinity) or float, added to the scores.
    `softcap` c > 0 turns scores s to c·tanh(s/c) before the mask. `causal` lets
    query i see keys j ≤ i + T - S; `window` w > 0 in addition only
    j > i + T - S - w. A query that sees no key gives zeros.
  }];
  let arguments = (ins Graph_FloatTensor:$query, Graph_FloatTensor:$key,
      Graph_FloatTensor:$value, Optional<Graph_Tensor>:$mask, F64Attr:$scale,
      DefaultValuedAttr<F64Attr, "0.0">:$softcap,
      DefaultValuedAttr<I64Attr, "0">:$window, UnitAttr:$causal);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = [{
    $query `,` $key `,` $value (`mask` $mask^ `:` type($mask))? `scale` $scale
    (`softcap` $softcap^)? (`causal` $causal^)? (`window` $window^)? attr-dict
    `:` `(` type($query) `,` type($key) `,` type($value) `)` `->` type($result)
  }];
  let extraClassDeclaration = [{
    bool rereads(unsigned operand);
  }];
}

def Graph_RotaryOp : Graph_Op<"rotary"> {
  let summary = "rotates pairs of features by an angle per position";
  let description = [{
    x is any shape …×S×D; cos and sin are …'×S×(R/2) with R ≤ D even, whose
    leading dimensions are x's, or 1, or absent. Of the first R features, pair p
    (features p and p + R/2, or 2p and 2p + 1 if `interleaved`) becomes
    (a·cos - b·sin, b·cos + a·sin); the rest passes through (Su et al., RoFormer,
    2021).
  }];
  let arguments = (ins Graph_FloatTensor:$input, Graph_FloatTensor:$cos,
                       Graph_FloatTensor:$sin, UnitAttr:$interleaved);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = [{
    $input `,` $cos `,` $sin (`interleaved` $interleaved^)? attr-dict `:`
    `(` type($input) `,` type($cos) `,` type($sin) `)` `->` type($result)
  }];
  let extraClassDeclaration = [{
    bool rereads(unsigned operand);
  }];
}

#endif // VESCALE_DIALECTS_GRAPH_ATTENTION
