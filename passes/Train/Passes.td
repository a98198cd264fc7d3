//===- Passes.td - From a model to one step of its training ----*- tablegen -*-===//
#ifndef VESCALE_PASSES_TRAIN_PASSES
#define VESCALE_PASSES_TRAIN_PASSES

include "mlir/Pass/PassBase.td"

class Train_Pass<string flag> : Pass<flag, "::mlir::ModuleOp"> {
  let dependentDialects = ["::vescale::graph::GraphDialect"];
}

def TrainDifferentiate : Train_Pass<"train-differentiate"> {
  let summary = "Gives functions the gradients of their first result";
  let description = [{
    Reverse-mode differentiation. A function whose first result is a float scalar,
    the loss, returns in addition the loss's gradient with respect to each float
    argument and each `graph.parameter` with the attribute `graph.trained`, in
    order, named `gradient(NAME)`. Other functions stay as they are. What
    is built follows the forward program, from its end to its beginning, and
    carries the attribute `graph.backward`. Nothing is built for values that lead
    to no trained one; a gradient that is zero everywhere is a constant. Input:

    ```mlir
    func.func @main(%x: tensor<4xf32>) -> tensor<f32> {
      %w = graph.parameter "w" {graph.trained} : tensor<4xf32>
      %0 = graph.mul %x, %w
      %1 = graph.reduce sum %0 dims [0]
      return %1
    }
    ```

    Output:

    ```mlir
    func.func @main(%x: tensor<4xf32>) -> (tensor<f32>, tensor<4xf32> {graph.name = "gradient(w)"}) {
      %w = graph.parameter "w" {graph.trained} : tensor<4xf32>
      %0 = graph.mul %x, %w
      %1 = graph.reduce sum %0 dims [0]
      %2 = graph.constant dense<1.0>
      %3 = graph.broadcast %2 dims []
      %4 = graph.mul %3, %x
      return %1, %4
    }
    ```

    (`@product` in test/Train/differentiate.mlir, types left out here.) An op that
    has no derivative, and one of another dialect, is an error at that op.
  }];
}

def TrainReadOptions : Train_Pass<"train-read-options"> {
  let summary = "Reads the train file into the module";
  let description = [{
    Output: the module with the resolved file as the attribute `graph.train`, in
    which every field has a value. The passes behind it go by that, so that a
    dump of any phase says what is being trained. Values of `set`, and the number
    of micro-batches that the option or the plan gives, take the place of the
    file's; option and plan must not contradict each other.
  }];
  let options = [
    Option<"file", "file", "std::string", "", "the train file (vescale.train/1)">,
    ListOption<"set", "set", "std::string", "FIELD=VALUE of the file">,
    Option<"microBatches", "micro-batches", "int64_t", "0",
           "takes the place of the file's">,
    Option<"plan", "plan", "std::string", "",
           "a plan file, for its `micro_batches`">];
}

def TrainOwnParameters : Train_Pass<"train-own-parameters"> {
  let summary = "Gives each trained parameter to ops that store it";
  let description = [{
    Input: trained parameters read through views: transposed, cut, several times.
    Output: the ops that stand for one parameter have each of its elements once,
    in the order in which they are stored, so that state of the same views
    belongs to them and new values can be written there. A fused projection that
    was split into queries, keys and values stays so. Other readings are ops
    behind them.

    test/Train/own-parameters.mlir shows inputs and outputs.
  }];
}

def TrainAddLoss : Train_Pass<"train-add-loss"> {
  let summary = "Adds the loss, and the input that it is held against";
  let description = [{
    Input: a model. Output: a function of the model's inputs and the labels that
    returns two scalars: the sum of the losses of all that counts, `loss_sum`,
    and its number, `loss_count`.

    test/Train/add-loss.mlir shows inputs and outputs.
  }];
}

def TrainLowerPrecision : Train_Pass<"train-lower-precision"> {
  let summary = "Computes products in the train file's narrower type";
  let description = [{
    Input: a function that returns a loss. Output: the same where the train file's
    `compute` is `f32`; with `bf16` products and convolutions of f32 take casts of
    their operands, parameters included, and what they give is cast back. Parameters
    themselves stay f32, and so do sums, norms, attention's weights and the loss.

    test/Train/lower-precision.mlir shows an input and its output.
  }];
  let statistics = [Statistic<"numLowered", "lowered", "products computed in bf16">];
}

def TrainAddEvaluation : Train_Pass<"train-add-evaluation"> {
  let summary = "Keeps the model and its loss as a function that only evaluates";
  let description = [{
    Input: a function that returns `loss_sum` and `loss_count`. Output: beside it
    a copy named `eval`, whose results are `eval_loss_sum` and `eval_loss_count`,
    without dropouts, which normalizes batches by running statistics.
    It reads the parameters that the step updates, and updates none.

    test/Train/add-evaluation.mlir shows an input and its output.
  }];
}

def TrainAddStatistics : Train_Pass<"train-add-statistics"> {
  let summary = "Says what batch normalization goes by, and moves what runs on";
  let description = [{
    Input: a function that returns `loss_sum` and `loss_count`. Output: the same.
    Where the train file has `"batch_norm": "frozen"` it normalizes by running
    statistics; else by those of each step's whole batch, towards which it updates
    the running ones, the variance being that of the sample (divided by one less
    than the number of elements), as PyTorch has it. `eval`, if it is there,
    normalizes by running ones.

    test/Train/add-statistics.mlir shows inputs and outputs.
  }];
  let statistics = [Statistic<"updated", "updated", "ops whose running statistics move">];
}

def TrainAddDropout : Train_Pass<"train-add-dropout"> {
  let summary = "Says which elements dropouts drop, and adds those asked for";
  let description = [{
    Input: a function that returns `loss_sum` and `loss_count`, in which dropouts
    of the export have rates. Output: the same with the train file's rates and
    dropouts, each with a number for each of its elements, a seed, a site and the
    step. The numbers count in the whole batch of a step, whose rows the input
    `#rows` says, so that neither layouts nor micro-batches change what is
    dropped. `eval`, if it is there, has none.

    test/Train/add-dropout.mlir shows inputs and outputs.
  }];
  let statistics = [Statistic<"dropouts", "dropouts", "places where is dropped">];
}

def TrainAddOptimizer : Train_Pass<"train-add-optimizer"> {
  let summary = "Adds gradients, optimizer and updates";
  let description = [{
    Input: a function that returns `loss_sum` and `loss_count`. Output: a training
    step: it returns the mean `loss`, the global `gradient_norm` before clipping
    and the `learning_rate`, and updates all trained parameters that the loss
    depends on, their state (`NAME#exp_avg`, `NAME#exp_avg_sq`, `NAME#momentum`)
    and the number of steps done (`#step`).

    test/Train/add-optimizer.mlir shows an input and its output.
  }];
}

def TrainRecompute : Train_Pass<"train-recompute"> {
  let summary = "Recomputes forward values where the backward program reads them";
  let description = [{
    Input: a training step, in which the backward program reads forward values
    that lie in memory until then. Output: one in which fewer do. With `selective`
    all but what products, convolutions, attention and lookups give is computed
    again where it is read; with `full` all but the values that alone lead from
    one layer to the next. With a list what the modules and nodes of these names
    make is computed again: of a module, which may be the user's at any depth, all
    but what leaves it. The clones carry `graph.backward` and share the number
    `graph.recomputed` with what they repeat; the module says what was done as
    `graph.recompute`. Option and plan must
    not contradict each other.

    test/Train/recompute.mlir shows an input and its outputs.
  }];
  let options = [
    Option<"mode", "mode", "std::string", "",
           "none, selective, full, or globs over modules and nodes, separated by "
           "commas">,
    Option<"plan", "plan", "std::string", "", "a plan file, for its `recompute`">];
  let statistics = [Statistic<"clonedOps", "cloned-ops", "ops computed twice">];
}

def TrainCheckData : Train_Pass<"train-check-data"> {
  let summary = "Refuses data that is not one batch for the step's inputs";
  let description = [{
    Stands behind train-add-loss, which may add inputs. The train file's `data`
    must say of each input where it comes from, and of nothing else; what samples
    are taken from has them in its first dimension, as many as all others.

    Examples: test/Train/check-data.mlir.
  }];
}

def TrainCheckTrainable : Train_Pass<"train-check-trainable"> {
  let summary = "Refuses models whose export folded what is to be trained";
  let description = [{
    Exporters that optimise multiply norms into convolutions, compute tables and
    transposed weights ahead, and leave the results under no name, or under that
    of a weight which they no longer are. To train such tensors would train
    something else than the author's parameters, and not to train them would
    silently freeze a part of the model. The import lists them in
    `graph.unnamed_weights`; where the list is not empty, this pass fails with
    their names and the flag of the exporter that keeps parameters as they are.
    A module without the list must name all parameters that have a source.

    Refused are also dropouts that the export has switched off, unless the train
    file has `dropout`; and batch normalization of which neither the export nor
    the train file's `batch_norm` says what it goes by, or which goes by the
    batch's statistics where a micro-batch would have its own.

    test/Train/check-trainable.mlir has modules that pass and that do not.
  }];
}

#endif // VESCALE_PASSES_TRAIN_PASSES
