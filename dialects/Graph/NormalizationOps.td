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

def Graph_BatchStatisticsOp : Graph_CallOp<"batch_statistics"> {
  let summary = "the mean and the variance that a batch is normalized by";
  let description = [{
    Of each channel, which dimension 1 counts (Ioffe and Szegedy, Batch
    Normalization, 2015). With `of_batch` they are the input's own, over all its
    other dimensions, the variance that of the population; without it the
    running ones, as they are. A training step that takes the batch's moves the
    running ones towards them: they keep the share `momentum` of what they were.
  }];
  let arguments = (ins Graph_FloatTensor:$input,
      Graph_FloatTensor:$running_mean, Graph_FloatTensor:$running_variance,
      F64Attr:$momentum, UnitAttr:$of_batch);
  let results = (outs Graph_FloatTensor:$mean, Graph_FloatTensor:$variance);
  let assemblyFormat = [{
    $input `running` $running_mean `,` $running_variance `momentum` $momentum
    (`of_batch` $of_batch^)? attr-dict `:` type($input) `,` type($running_mean)
    `,` type($running_variance) `->` type($mean) `,` type($variance)
  }];
  let extraClassDeclaration = [{
    /// All dimensions but that of channels.
    ::llvm::SmallVector<int64_t> getBatchDims();
    /// How many elements each channel has.
    int64_t getCount();
  }];
}

#endif // VESCALE_DIALECTS_GRAPH_NORMALIZATION
