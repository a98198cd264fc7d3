//===- Passes.td - From imported graphs to prepared ones --------*- tablegen -*-===//
#ifndef VESCALE_PASSES_PREPARE_PASSES
#define VESCALE_PASSES_PREPARE_PASSES

include "mlir/Pass/PassBase.td"

class Prepare_Pass<string flag> : Pass<flag, "::mlir::ModuleOp"> {
  let dependentDialects = ["::vescale::graph::GraphDialect"];
}

def GraphSimplify : Prepare_Pass<"graph-simplify"> {
  let summary = "Brings graphs into one spelling";
  let description = [{
    The canonicalisation of graph ops, powers as products and roots, and
    movement: slices and transposes go toward the producers, broadcasts and the
    flattening of leading dimensions toward the users, where they cancel.
    Input and output compute the same, up to the sign of zero and rounding of
    constants. Only for graphs without layouts. Input:

    ```mlir
    %0 = graph.reshape %x                                   // 2x3x4 to 6x4
    %1 = graph.dot %0, %w batch [] x [] contract [1] x [0]
    %2 = graph.reshape %1                                   // 6x5 to 2x3x5
    ```

    Output:

    ```mlir
    %0 = graph.dot %x, %w batch [] x [] contract [2] x [0]
    ```

    (`@flattened_product` in test/Prepare/simplify.mlir, types left out here.)
  }];
}

def GraphRemoveDropout : Prepare_Pass<"graph-remove-dropout"> {
  let summary = "Takes dropouts out of what is not trained";
  let description = [{
    A model that was exported in training mode drops elements at random. Where it
    is not trained its dropouts are off, as after `model.eval()`, and a warning
    says so.

    test/Prepare/remove-dropout.mlir shows an input and its output.
  }];
  let statistics = [Statistic<"removed", "removed", "dropouts taken out">];
}

def GraphDecomposeStatistics : Prepare_Pass<"graph-decompose-statistics"> {
  let summary = "Takes batch normalization apart in what is not trained";
  let description = [{
    Each `graph.batch_statistics` becomes what the export says it is: the running
    statistics, or, where the model normalizes batches by their own, the sums that
    they are made of.

    test/Prepare/decompose-statistics.mlir shows inputs and outputs.
  }];
  let statistics = [Statistic<"decomposed", "decomposed", "ops taken apart">];
}

def GraphFoldParameterViews : Prepare_Pass<"graph-fold-parameter-views"> {
  let summary = "Reads moved parameters through strides";
  let description = [{
    A transpose, a slice, or a reshape that strides can express, of a
    `graph.parameter` becomes a parameter op with another view of the same stored
    tensor. Name and source stay. Input:

    ```mlir
    %0 = graph.parameter "w" source <"m", 0, 48, tensor<4x3xf32>>
    %1 = graph.transpose %0 perm [1, 0]
    ```

    Output:

    ```mlir
    %1 = graph.parameter "w" source <"m", 0, 48, tensor<4x3xf32>> view 0 [1, 3]
    ```

    (`@transposed` in test/Prepare/fold-parameter-views.mlir, types left out here.)
  }];
}

def GraphRaiseRmsNorm : Prepare_Pass<"graph-raise-rms-norm"> {
  let summary = "Raises x / sqrt(mean(x²) + ε) to rms_norm";
  let description = [{
    Finds the norm as a product or quotient in any association, and takes over a
    scale that has one value per feature, itself computed or not. Input:

    ```mlir
    %0 = graph.mul %x, %x
    %1 = graph.reduce sum %0 dims [1]
    %2 = graph.mul %1, %inverse_count
    %3 = graph.add %2, %epsilon
    %4 = graph.rsqrt %3
    %5 = graph.broadcast %4 dims [0]
    %6 = graph.mul %x, %5
    %7 = graph.mul %6, %scale
    ```

    Output:

    ```mlir
    %0 = graph.rms_norm %x scale %w axis 1 epsilon 1.0e-6
    ```

    (`@root_mean_square` in test/Prepare/raise-rms-norm.mlir, types left out here.)
  }];
  let statistics = [Statistic<"norms", "rms-norms", "rms_norm ops there are">];
}

def GraphRaiseLayerNorm : Prepare_Pass<"graph-raise-layer-norm"> {
  let summary = "Raises (x - mean) / sqrt(variance + ε) to layer_norm";
  let description = [{
    A layer norm is the RMS norm of x - mean(x), so this begins with what
    `graph-raise-rms-norm` does. A scale and a bias with one value per feature
    are taken over. Input:

    ```mlir
    %0 = graph.sub %x, %mean
    %1 = graph.rms_norm %0 axis 1 epsilon 1.0e-5
    %2 = graph.mul %1, %scale
    %3 = graph.add %2, %bias
    ```

    Output:

    ```mlir
    %0 = graph.layer_norm %x scale %s bias %b axis 1 epsilon 1.0e-5
    ```

    (`@centred_norm` in test/Prepare/raise-layer-norm.mlir, types left out here.)
  }];
  let statistics = [
    Statistic<"norms", "layer-norms", "layer_norm ops there are">
  ];
}

def GraphRaiseGelu : Prepare_Pass<"graph-raise-gelu"> {
  let summary = "Raises formulas that are GELU";
  let description = [{
    Around an erf, tanh or sigmoid, the largest formula of one tensor that has
    GELU's values (see Curve.h) becomes `graph.gelu`: with erf the exact one,
    else the tanh approximation. Input:

    ```mlir
    %0 = graph.div %x, %sqrt2
    %1 = graph.erf %0
    %2 = graph.add %1, %one
    %3 = graph.mul %x, %2
    %4 = graph.mul %3, %half
    ```

    Output:

    ```mlir
    %0 = graph.gelu none %x
    ```

    (`@exact` in test/Prepare/raise-gelu.mlir, types left out here.)
  }];
  let statistics = [Statistic<"activations", "gelus", "gelu ops there are">];
}

def GraphRaiseSilu : Prepare_Pass<"graph-raise-silu"> {
  let summary = "Raises formulas that are SiLU or the sigmoid";
  let description = [{
    Like `graph-raise-gelu`, for x · sigmoid(x), and for 1 / (1 + exp(-x)).
    Input:

    ```mlir
    %0 = graph.sigmoid %x
    %1 = graph.mul %x, %0
    ```

    Output:

    ```mlir
    %0 = graph.silu %x
    ```

    (`@product` in test/Prepare/raise-silu.mlir, types left out here.)
  }];
  let statistics = [Statistic<"activations", "silus", "silu ops there are">];
}

def GraphRaiseSoftmax : Prepare_Pass<"graph-raise-softmax"> {
  let summary = "Raises exp(x) / sum(exp(x)) to softmax";
  let description = [{
    With or without the row's maximum subtracted first, and as log_softmax where
    a logarithm follows or the logarithm of the sum is subtracted. Input:

    ```mlir
    %0 = graph.exp %x
    %1 = graph.reduce sum %0 dims [1]
    %2 = graph.broadcast %1 dims [0]
    %3 = graph.div %0, %2
    ```

    Output:

    ```mlir
    %0 = graph.softmax %x dim 1
    ```

    (`@quotient` in test/Prepare/raise-softmax.mlir, types left out here.)
  }];
  let statistics = [Statistic<"softmaxes", "softmaxes", "softmax ops left">];
}

def GraphRaiseRotary : Prepare_Pass<"graph-raise-rotary"> {
  let summary = "Raises x · cos + rotated(x) · sin to rotary";
  let description = [{
    Pairs are halves or neighbours of the features. The tables, computed or
    constant, are proved to have equal entries for both features of a pair and
    are reduced to one per pair. Both features of the pairs may also be turned
    apart and set together afterwards, as a product of complex numbers is. Features
    that pass through beside the rotated ones (partial rotation) are taken in.
    Input:

    ```mlir
    %0 = graph.slice %x [0, 2] to [3, 4] step [1, 1]
    %1 = graph.neg %0
    %2 = graph.slice %x [0, 0] to [3, 2] step [1, 1]
    %3 = graph.concat %1, %2 dim 1
    %4 = graph.mul %3, %sin
    %5 = graph.mul %x, %cos
    %6 = graph.add %5, %4
    ```

    Output:

    ```mlir
    %0 = graph.rotary %x, %half_cos, %half_sin
    ```

    (`@halves` in test/Prepare/raise-rotary.mlir, types left out here.)
  }];
  let statistics = [Statistic<"rotations", "rotaries", "rotary ops there are">];
}

def GraphRaiseAttention : Prepare_Pass<"graph-raise-attention"> {
  let summary = "Raises softmax between two products to attention";
  let description = [{
    Scores may be scaled (queries, keys or the product), soft-capped and masked
    (sums, selections), the softmax guarded against NaN, keys and values repeated
    for groups of query heads. Masks known when compiling become `causal` and
    `window` where every element agrees; with padding that only a run knows too,
    which stays a condition. If such a mask hides by the lowest number, rows
    without a visible key get the average of all values by a `select`.

    Rows without a visible key give zeros if the original hides with minus
    infinity (there NaN, or zeros with the guard), and the same average as before
    if it adds a finite number. Where scores are replaced by a finite number
    instead, such rows give the average only if the number absorbs the scores (as
    the lowest one does). NaN in queries or keys is not hidden, even where the
    guard did. Input:

    ```mlir
    %0 = graph.dot %q, %k batch [0, 1] x [0, 1] contract [3] x [3]
    %1 = graph.mul %0, %scale
    %2 = graph.add %1, %mask
    %3 = graph.softmax %2 dim 3
    %4 = graph.dot %3, %v batch [0, 1] x [0, 1] contract [3] x [2]
    ```

    Output:

    ```mlir
    %0 = graph.attention %q, %k, %v mask %mask scale 1.25e-1
    ```

    (`@scaled_and_masked` in test/Prepare/raise-attention.mlir, types left out here.)

    A softmax before a product that does not match is a remark at its place.
  }];
  let statistics = [
    Statistic<"attentions", "attentions", "attention ops there are">,
    Statistic<"causals", "causal", "attention ops that are causal">,
    Statistic<"missed", "missed", "softmaxes before a product not raised">
  ];
}

def GraphSplitQkv : Prepare_Pass<"graph-split-qkv"> {
  let summary = "Splits fused projections";
  let description = [{
    A product with a parameter, and perhaps a bias, of which only disjoint slices
    of the output features are used (queries, keys and values; gate and up), is
    one product for each slice, with views of the parameters. Slices may come
    after the features were split into dimensions, as where each head has its
    query, key and value side by side. So each part can be sharded by itself.
    Input:

    ```mlir
    %0 = graph.dot %x, %w batch [] x [] contract [1] x [0]
    %1 = graph.slice %0 [0, 0] to [2, 4] step [1, 1]
    %2 = graph.slice %0 [0, 4] to [2, 8] step [1, 1]
    ```

    Output:

    ```mlir
    %1 = graph.dot %x, %w0 batch [] x [] contract [1] x [0]
    %2 = graph.dot %x, %w1 batch [] x [] contract [1] x [0]
    ```

    (`@queries_and_keys` in test/Prepare/split-qkv.mlir, types left out here.)
  }];
  let statistics = [
    Statistic<"projections", "projections", "products won by splitting">
  ];
}

def GraphVerifyPrepared : Prepare_Pass<"graph-verify-prepared"> {
  let summary = "Checks what the prepare phase promises";
  let description = [{
    Closes the phase: the module is one function `main` of graph ops alone, of
    one block, on tensors of static shape without layouts. Names the pass or
    phase that should have removed what it finds.
  }];
}

#endif // VESCALE_PASSES_PREPARE_PASSES
