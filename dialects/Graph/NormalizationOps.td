//===- NormalizationOps.td - Softmax and norms -----------------*- tablegen -*-===//
#ifndef VESCALE_DIALECTS_GRAPH_NORMALIZATION
#define VESCALE_DIALECTS_GRAPH_NORMALIZATION

include "dialects/Graph/GraphBase.td"

class Graph_SoftmaxLikeOp<string mnemonic, string what> : Graph_Op<mnemonic,
        [DeclareOpInterfaceMethods<RowOpInterface>]> {
  let summary = what;
  let arguments = (ins Graph_FloatTensor:$input, I64Attr:$dim);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = [{
    $input `dim` $dim attr-dict `:` type($input) `->` type($result)
  }];
}

def Graph_SoftmaxOp : Graph_SoftmaxLikeOp<"softmax",
    "exp(x - max) / sum(exp(x - max)) along a dimension"> {
  let description = [{ A row that is -inf everywhere gives NaN, as it does in
    the frameworks. }];
}
def Graph_LogSoftmaxOp : Graph_SoftmaxLikeOp<"log_softmax",
    "x - max - log(sum(exp(x - max))) along a dimension">;

def Graph_LayerNormOp : Graph_Op<"layer_norm",
    [AttrSizedOperandSegments, DeclareOpInterfaceMethods<RowOpInterface>]> {
  let summary = "(x - mean) / sqrt(variance + epsilon) · scale + bias";
  let description = [{
    Over the dimensions from `axis` on, of which scale and bias have the shape.
    The variance is that of the population (Ba et al., Layer Normalization,
    2016). Statistics are computed in f32 at least.
  }];
  let arguments = (ins Graph_FloatTensor:$input,
      Optional<Graph_FloatTensor>:$scale, Optional<Graph_FloatTensor>:$bias,
      I64Attr:$axis, F64Attr:$epsilon);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = [{
    $input (`scale` $scale^ `:` type($scale))? (`bias` $bias^ `:` type($bias))?
    `axis` $axis `epsilon` $epsilon attr-dict `:` type($input) `->`
    type($result)
  }];
}

def Graph_RmsNormOp : Graph_Op<"rms_norm",
    [DeclareOpInterfaceMethods<RowOpInterface>]> {
  let summary = "x / sqrt(mean(x²) + epsilon) · scale";
  let description = [{
    Over the dimensions from `axis` on (Zhang and Sennrich, Root Mean Square
    Layer Normalization, 2019). The mean is computed in f32 at least.
  }];
  let arguments = (ins Graph_FloatTensor:$input,
      Optional<Graph_FloatTensor>:$scale, I64Attr:$axis, F64Attr:$epsilon);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = [{
    $input (`scale` $scale^ `:` type($scale))? `axis` $axis `epsilon` $epsilon
    attr-dict `:` type($input) `->` type($result)
  }];
}

class Graph_NormGradOp<string mnemonic, string what> : Graph_Op<mnemonic,
        [DeclareOpInterfaceMethods<RowOpInterface>]> {
  let summary = what;
  let arguments = (ins Graph_FloatTensor:$input, Graph_FloatTensor:$result_grad,
      Optional<Graph_FloatTensor>:$scale, I64Attr:$axis, F64Attr:$epsilon);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = [{
    $input `,` $result_grad (`scale` $scale^ `:` type($scale))? `axis` $axis
    `epsilon` $epsilon attr-dict `:` `(` type($input) `,` type($result_grad) `)`
    `->` type($result)
  }];
}

def Graph_LayerNormGradOp : Graph_NormGradOp<"layer_norm_grad",
    "gradient of layer_norm's input"> {
  let description = [{
    With g = `result_grad` · scale, r = 1 / sqrt(variance + epsilon) and n the
    norm without scale and bias: r · (g - mean(g) - n · mean(g · n)). The
    statistics are computed anew from the input, in f32 at least.
  }];
}

def Graph_RmsNormGradOp : Graph_NormGradOp<"rms_norm_grad",
    "gradient of rms_norm's input"> {
  let description = [{
    With g = `result_grad` · scale, r = 1 / sqrt(mean(x²) + epsilon) and n = x · r:
    r · (g - n · mean(g · n)). The statistics are computed anew from the input,
    in f32 at least.
  }];
}

#endif // VESCALE_DIALECTS_GRAPH_NORMALIZATION
