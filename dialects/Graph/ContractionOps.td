//===- ContractionOps.td - Products that sum over dimensions ---*- tablegen -*-===//
#ifndef VESCALE_DIALECTS_GRAPH_CONTRACTION
#define VESCALE_DIALECTS_GRAPH_CONTRACTION

include "dialects/Graph/ReductionOps.td"

def Graph_DotOp : Graph_Op<"dot"> {
  let summary = "generalised matrix product";
  let description = [{
    The i-th of `lhs_batch` pairs with the i-th of `rhs_batch`, likewise the
    contracted dimensions, over which products are summed. The result has the
    batch dimensions in the order given, then lhs's other dimensions, then
    rhs's, each in order. Floats narrower than f32 accumulate in f32.
  }];
  let arguments = (ins Graph_NumberTensor:$lhs, Graph_NumberTensor:$rhs,
      DenseI64ArrayAttr:$lhs_batch, DenseI64ArrayAttr:$rhs_batch,
      DenseI64ArrayAttr:$lhs_contract, DenseI64ArrayAttr:$rhs_contract);
  let results = (outs Graph_NumberTensor:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs `batch` $lhs_batch `x` $rhs_batch `contract` $lhs_contract
    `x` $rhs_contract attr-dict `:` `(` type($lhs) `,` type($rhs) `)` `->`
    type($result)
  }];
  let extraClassDeclaration = [{
    bool rereads(unsigned operand);
    /// Operand dimensions that are neither batch nor contracted, in order.
    ::llvm::SmallVector<int64_t> getLhsFree();
    ::llvm::SmallVector<int64_t> getRhsFree();
  }];
}

def Graph_ConvOp : Graph_Op<"conv"> {
  let summary = "convolution over 1 to 3 spatial dimensions";
  let description = [{
    input N×C×spatial, weight O×(C/groups)×window, result N×O×spatial', with
    spatial' = (spatial + pad_low + pad_high - dilation·(window-1) - 1) / stride
    + 1. Correlation, as deep learning has it: the window is not mirrored.
    Output channels of group g read input channels of group g.
  }];
  let arguments = (ins Graph_FloatTensor:$input, Graph_FloatTensor:$weight,
      DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
      DenseI64ArrayAttr:$pad_low, DenseI64ArrayAttr:$pad_high, I64Attr:$groups);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = [{
    $input `,` $weight `strides` $strides `dilations` $dilations `pad` $pad_low
    `x` $pad_high `groups` $groups attr-dict `:` `(` type($input) `,`
    type($weight) `)` `->` type($result)
  }];
  let extraClassDeclaration = [{
    bool rereads(unsigned operand);
  }];
}

def Graph_PoolOp : Graph_Op<"pool"> {
  let summary = "reduces a sliding window over spatial dimensions";
  let description = [{
    input N×C×spatial; `kind` is sum, max, min or prod; padding counts as the
    reduction's neutral element. An average is a sum and a division.
  }];
  let arguments = (ins Graph_ReductionAttr:$kind, Graph_NumberTensor:$input,
      DenseI64ArrayAttr:$window, DenseI64ArrayAttr:$strides,
      DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pad_low,
      DenseI64ArrayAttr:$pad_high);
  let results = (outs Graph_NumberTensor:$result);
  let assemblyFormat = [{
    `` $kind $input `window` $window `strides` $strides `dilations` $dilations
    `pad` $pad_low `x` $pad_high attr-dict `:` type($input) `->` type($result)
  }];
  let extraClassDeclaration = [{
    bool rereads(unsigned operand);
  }];
}

def Graph_PoolGradOp : Graph_Op<"pool_grad"> {
  let summary = "gradient of the input of a pool of sums or products";
  let description = [{
    `input` and the attributes are pool's; `result_grad` has the shape of its
    result. Each window gives its element of `result_grad` to every place that it
    read: of a product, times the product of the others. The result is what each
    element of the input gets from all windows. A maximum's or minimum's is
    graph.unpool.
  }];
  let arguments = (ins Graph_ReductionAttr:$kind, Graph_FloatTensor:$input,
      Graph_FloatTensor:$result_grad, DenseI64ArrayAttr:$window,
      DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
      DenseI64ArrayAttr:$pad_low, DenseI64ArrayAttr:$pad_high);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = [{
    `` $kind $input `,` $result_grad `window` $window `strides` $strides
    `dilations` $dilations `pad` $pad_low `x` $pad_high attr-dict `:`
    `(` type($input) `,` type($result_grad) `)` `->` type($result)
  }];
  let extraClassDeclaration = [{
    bool rereads(unsigned operand);
  }];
}

def Graph_PoolPlaceOp : Graph_Op<"pool_place"> {
  let summary = "where in its window each maximum or minimum of a pool is";
  let description = [{
    `input` and the attributes are those of a pool, `kind` is max or min. The
    row-major number in the window of the first place that holds the extreme, a
    NaN counting as it; -1 where all of a window is padding.
  }];
  let arguments = (ins Graph_ReductionAttr:$kind, Graph_FloatTensor:$input,
      DenseI64ArrayAttr:$window, DenseI64ArrayAttr:$strides,
      DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pad_low,
      DenseI64ArrayAttr:$pad_high);
  let results = (outs StaticShapeTensorOf<[I32]>:$result);
  let assemblyFormat = [{
    `` $kind $input `window` $window `strides` $strides `dilations` $dilations
    `pad` $pad_low `x` $pad_high attr-dict `:` type($input) `->` type($result)
  }];
  let extraClassDeclaration = [{
    bool rereads(unsigned operand);
  }];
}

def Graph_UnpoolOp : Graph_Op<"unpool"> {
  let summary = "gives what each window has to one place in it";
  let description = [{
    The attributes are those of a pool whose input has the result's shape, and
    `input` and `places` the shape of its result. The element of each window goes
    to the place of this row-major number in it, to none if it has no such place,
    or in padding. The result is what each element gets from all windows: so
    the gradient of the input of a pool, of which graph.pool_place says the
    places.
  }];
  let arguments = (ins Graph_FloatTensor:$input, StaticShapeTensorOf<[I32]>:$places,
      DenseI64ArrayAttr:$window, DenseI64ArrayAttr:$strides,
      DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pad_low,
      DenseI64ArrayAttr:$pad_high);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = [{
    $input `at` $places `window` $window `strides` $strides `dilations`
    $dilations `pad` $pad_low `x` $pad_high attr-dict `:` `(` type($input) `,`
    type($places) `)` `->` type($result)
  }];
  let extraClassDeclaration = [{
    bool rereads(unsigned operand);
  }];
}

#endif // VESCALE_DIALECTS_GRAPH_CONTRACTION
