//===- AttentionOps.td - Attention and rotary embedding --------*- tablegen -*-===//
#ifndef VESCALE_DIALECTS_GRAPH_ATTENTION
#define VESCALE_DIALECTS_GRAPH_ATTENTION

include "dialects/Graph/RandomOps.td"

def Graph_AttentionOp : Graph_CallOp<"attention", [AttrSizedOperandSegments]> {
  let summary = "softmax(softcap(scale · q·kᵀ) + mask) · v for each head";
  let description = [{
    q is B×H×S×D, k is B×K×T×D, v is B×K×T×E, the result B×H×S×E. Query head h
    reads key and value head h / (H/K) (grouped-query attention, Ainslie et al.,
    2023). `mask` is B'×H'×S'×T with each of B', H', S' either 1 or the full size:
    i1 (false counts as minus infinity) or float, added to the scores.
    `softcap` c > 0 turns scores s to c·tanh(s/c) before the mask. `causal` lets
    query i see keys j ≤ i + T - S; `window` w > 0 in addition only
    j > i + T - S - w. A query that sees no key gives zeros.

    `lse`, B×H×S, is the logarithm of the sum of the exponentials of a query's
    scores, minus infinity for one that sees no key: what attention_grad
    computes the weights from. It is f64 for f64, else f32.

    With `drop` weights are dropped as by graph.dropout: the weight of key j is
    numbered counters[b, h, i] + j. `lse` is of all weights.
  }];
  let arguments = (ins Graph_FloatTensor:$query, Graph_FloatTensor:$key,
      Graph_FloatTensor:$value, Optional<Graph_Tensor>:$mask, F64Attr:$scale,
      DefaultValuedAttr<F64Attr, "0.0">:$softcap,
      DefaultValuedAttr<I64Attr, "0">:$window, UnitAttr:$causal,
      Optional<Graph_IntTensor>:$counters, Optional<Graph_IntTensor>:$step,
      OptionalAttr<Graph_DropAttr>:$drop);
  let results = (outs Graph_FloatTensor:$result,
                      Optional<Graph_FloatTensor>:$lse);
  let assemblyFormat = [{
    $query `,` $key `,` $value (`mask` $mask^ `:` type($mask))? `scale` $scale
    (`softcap` $softcap^)? (`causal` $causal^)? (`window` $window^)?
    (`drop` $drop^)? (`counters` $counters^ `step` $step `:` type($counters)
    `,` type($step))? attr-dict
    `:` `(` type($query) `,` type($key) `,` type($value) `)` `->` type($result)
    (`lse` type($lse)^)?
  }];
  let builders = [
    /// Without lse and dropout.
    OpBuilder<(ins "::mlir::Type":$result, "::mlir::Value":$query,
        "::mlir::Value":$key, "::mlir::Value":$value, "::mlir::Value":$mask,
        "::llvm::APFloat":$scale, "::llvm::APFloat":$softcap,
        "int64_t":$window, "bool":$causal), [{
      build($_builder, $_state, result, ::mlir::Type(), query, key, value, mask,
            scale, softcap, window, causal, ::mlir::Value(), ::mlir::Value(),
            DropAttr());
    }]>
  ];
  let extraClassDeclaration = [{
    /// The number of the operand behind the optional mask.
    unsigned getCountersIndex() { return getMask() ? 4 : 3; }
    ::llvm::SmallVector<::mlir::Value>
    prepareToDifferentiate(::mlir::OpBuilder &builder,
                           ::llvm::ArrayRef<bool> wanted);
  }];
}

def Graph_AttentionGradOp : Graph_CallOp<"attention_grad",
    [AttrSizedOperandSegments]> {
  let summary = "gradients of attention by its query, key and value";
  let description = [{
    For the gradient `result_grad` of attention's result, from attention's own
    operands, attributes and `lse`, and from `delta`, B×H×S: for each query the
    sum of result · result_grad. With a key's score s (softcap and mask
    included) and its weight p = exp(s - lse), 0 where s is minus infinity:

        value_grad = Σ p · result_grad       over the queries that read the value
        score_grad = p · (value · result_grad - delta) · softcap'
        query_grad = scale · Σ score_grad · key             over the keys
        key_grad   = scale · Σ score_grad · query           over the queries

    With `drop`, as in attention, a dropped key's p does not count for value_grad,
    nor its value for score_grad, and what is kept counts more.

    softcap' is 1 - tanh(s/c)² of the score before softcap and mask, or 1
    (FlashAttention, Dao et al., 2022, appendix B). The weights are as precise as
    lse is: where all scores of a query lie far from zero, as under a mask of
    -3e38 everywhere, they are not its softmax.
  }];
  let arguments = (ins Graph_FloatTensor:$query, Graph_FloatTensor:$key,
      Graph_FloatTensor:$value, Optional<Graph_Tensor>:$mask,
      Graph_FloatTensor:$result_grad, Graph_FloatTensor:$lse,
      Graph_FloatTensor:$delta, F64Attr:$scale,
      DefaultValuedAttr<F64Attr, "0.0">:$softcap,
      DefaultValuedAttr<I64Attr, "0">:$window, UnitAttr:$causal,
      Optional<Graph_IntTensor>:$counters, Optional<Graph_IntTensor>:$step,
      OptionalAttr<Graph_DropAttr>:$drop);
  let results = (outs Graph_FloatTensor:$query_grad,
                      Graph_FloatTensor:$key_grad,
                      Graph_FloatTensor:$value_grad);
  let assemblyFormat = [{
    $query `,` $key `,` $value (`mask` $mask^ `:` type($mask))? `result`
    $result_grad `lse` $lse `delta` $delta `scale` $scale
    (`softcap` $softcap^)? (`causal` $causal^)? (`window` $window^)?
    (`drop` $drop^)? (`counters` $counters^ `step` $step `:` type($counters)
    `,` type($step))? attr-dict
    `:` `(` type($query) `,` type($key) `,` type($value) `,` type($result_grad)
    `,` type($lse) `,` type($delta) `)` `->` `(` type($query_grad) `,`
    type($key_grad) `,` type($value_grad) `)`
  }];
  let extraClassDeclaration = [{
    /// The numbers of the operands behind the optional mask.
    unsigned getResultGradIndex() { return getMask() ? 4 : 3; }
    unsigned getLseIndex() { return getResultGradIndex() + 1; }
    unsigned getDeltaIndex() { return getResultGradIndex() + 2; }
    unsigned getCountersIndex() { return getResultGradIndex() + 3; }
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
