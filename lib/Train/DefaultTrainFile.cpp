//===- DefaultTrainFile.cpp - A train file that explains itself -*- C++ -*-===//

#include "vescale/Train/TrainFile.h"

llvm::StringRef vescale::defaultTrainFile() {
  return R"({
  "schema": "vescale.train/1",
  "//": "What one training step does. Delete what you don't need: every field has a default.",

  "loss": {
    "//": "cross_entropy reads logits and adds an input of labels; mse reads a prediction and adds a target; output: the model's output is the loss",
    "kind": "cross_entropy",
    "logits": "logits",
    "labels": "labels",
    "ignore_index": -100,
    "label_smoothing": 0.0
  },

  "optimizer": {
    "//": "adamw, or sgd with \"momentum\"; no_decay: patterns of names, \"1d\" stands for biases and norms",
    "kind": "adamw",
    "betas": [0.9, 0.95],
    "epsilon": 1e-8,
    "weight_decay": 0.1,
    "no_decay": ["1d"]
  },

  "learning_rate": {
    "//": "constant, linear or cosine, from peak to final after a linear warm-up",
    "kind": "cosine",
    "peak": 1e-3,
    "final": 1e-4,
    "warmup_steps": 10,
    "total_steps": 1000
  },

  "//compute": "bf16: products take bf16 operands, parameters stay f32; reduce: the type in which gradients are summed over ranks",
  "compute": "f32",
  "reduce": "f32",

  "//clip_norm": "all gradients together are scaled to at most this norm; null: never",
  "clip_norm": 1.0,

  "//dropout": "rates, such as {\"embedding\": 0.1, \"attention\": 0.1, \"residual\": 0.1}, whether the export has dropouts there or not; \"exported\": [{\"match\": \"*.mlp.*\", \"rate\": 0.2}] sets those of the export; null: as exported; {}: so, even where the export has them off",
  "dropout": null,

  "//batch_norm": "batch: normalizes by the statistics of each step's batch, as model.train() does, and moves the running ones; frozen: by the running ones as they are; null: as the export says, if it does",
  "batch_norm": null,

  "//micro_batches": "a step takes this many of the model's batches one after the other, whose gradients add up",
  "micro_batches": 1,

  "//frozen": "patterns of names of parameters that are not trained",
  "frozen": [],

  "data": {
    "//": "where inputs come from: the tokens of a token file, an array of a .npz or .safetensors file by name, or a number that fills the input",
    "input_ids": {"from": "tokens"},
    "labels": {"from": "tokens", "shift": 1}
  },

  "//order": "of samples: shuffled, or sequential as they are stored",
  "order": "shuffled",

  "//seed": "of the order of samples and of dropout",
  "seed": 1234
}
)";
}
