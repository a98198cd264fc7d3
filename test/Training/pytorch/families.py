"""The models that are trained: how PyTorch builds them, what they take, what they are trained on and in which runs."""

from dataclasses import dataclass, field
from typing import Callable

import torch
import transformers as hf

from pytorch.resnet import ResNet

BYTES = 256
MASKED_BYTES = 260
IDS = {"kind": "ids", "shape": ["batch", "sequence"], "vocab": BYTES}

TOKENS = {"kind": "tokens"}
TOKEN_FIELDS = {"input_ids": {"from": "tokens"}, "labels": {"from": "tokens", "shift": 1}}


def same(*names):
    """Fields that are stored under the names of what they feed."""
    return {name: {"from": name} for name in names}


CROSS_ENTROPY = {"kind": "cross_entropy", "logits": "logits", "labels": "labels", "ignore_index": -100, "label_smoothing": 0.0}
ADAMW = {"kind": "adamw", "betas": [0.9, 0.95], "epsilon": 1e-8, "weight_decay": 0.1, "no_decay": "1d"}
SGD = {"kind": "sgd", "momentum": 0.9, "weight_decay": 0.01, "no_decay": "1d"}
COSINE = {"kind": "cosine", "peak": 1e-3, "warmup_steps": 10, "total_steps": 100, "final": 1e-4}

# What every train.json has; a run's own entries replace these.
TRAIN = {"schema": "vescale.train/1", "loss": CROSS_ENTROPY, "optimizer": ADAMW, "learning_rate": COSINE, "clip_norm": 1.0,
         "micro_batches": 1, "frozen": [], "data": TOKEN_FIELDS, "seed": 1234}


# The repeats of a run that show how far roundings alone move it; fp64 takes long for the larger models.
LARGE, SMALL = ("reversed",), ("reversed", "float64")


@dataclass
class Run:
    """A recorded training run: how its train.json differs, and what else it is repeated as to show how far it drifts."""
    train: dict = field(default_factory=dict)
    repeats: tuple = ("reversed",)


@dataclass
class Family:
    build: Callable[[], torch.nn.Module]
    inputs: dict
    dims: dict
    data: dict = field(default_factory=lambda: dict(TOKENS))
    # Patterns of parameter names whose first values have a deviation of their own.
    special: dict = field(default_factory=dict)
    train: dict = field(default_factory=dict)
    runs: dict = field(default_factory=lambda: {"adamw": Run(repeats=LARGE)})
    # Exported and trained in training mode.
    drops: bool = False


def gpt(layers, width, heads, sequence, tied=True, dropout=0.0):
    def build():
        return hf.GPT2LMHeadModel(hf.GPT2Config(
            vocab_size=BYTES, n_embd=width, n_layer=layers, n_head=heads, n_positions=sequence, tie_word_embeddings=tied,
            resid_pdrop=dropout, embd_pdrop=dropout, attn_pdrop=dropout, use_cache=False, bos_token_id=None,
            eos_token_id=None, attn_implementation="eager" if dropout else "sdpa"))

    return build


def gpt_special(layers):
    """GPT-2 starts what ends a residual branch smaller."""
    return {"*c_proj.weight": 0.02 / (2 * layers) ** 0.5}


def llama(layers, width, heads, groups, inner, sequence):
    def build():
        return hf.LlamaForCausalLM(hf.LlamaConfig(
            vocab_size=BYTES, hidden_size=width, intermediate_size=inner, num_hidden_layers=layers,
            num_attention_heads=heads, num_key_value_heads=groups, max_position_embeddings=sequence, use_cache=False,
            pad_token_id=None, bos_token_id=None, eos_token_id=None, tie_word_embeddings=False))

    return build


def bert():
    # Without a padding token: PyTorch would leave its row of the embedding out of the training, which no export tells.
    return hf.BertForMaskedLM(hf.BertConfig(
        vocab_size=MASKED_BYTES, hidden_size=256, num_hidden_layers=4, num_attention_heads=4, intermediate_size=1024,
        max_position_embeddings=128, pad_token_id=None, hidden_dropout_prob=0, attention_probs_dropout_prob=0))


def vit():
    return hf.ViTForImageClassification(hf.ViTConfig(
        hidden_size=64, intermediate_size=256, num_hidden_layers=4, num_attention_heads=4, image_size=8, patch_size=2,
        num_channels=1, num_labels=10, hidden_dropout_prob=0, attention_probs_dropout_prob=0))


IMAGES = {"pixel_values": {"kind": "floats", "shape": ["batch", 1, 8, 8]}}

TINY = {"batch": 4, "sequence": 32}
# Byte 32, the space, is the label that is left out.
NO_SPACES = CROSS_ENTROPY | {"ignore_index": 32}

FAMILIES = {
    "gpt": Family(gpt(6, 384, 6, 256), {"input_ids": IDS}, {"batch": 8, "sequence": 256}, special=gpt_special(6)),
    "llama": Family(llama(4, 256, 8, 2, 688, 128), {"input_ids": IDS}, {"batch": 8, "sequence": 128}),
    "bert": Family(bert, {"input_ids": IDS | {"vocab": MASKED_BYTES},
                          "attention_mask": {"kind": "mask", "shape": ["batch", "sequence"]}},
                   {"batch": 8, "sequence": 128}, data={"kind": "masked-text", "samples": 512},
                   train={"data": same("input_ids", "attention_mask", "labels"), "order": "shuffled"}),
    "vit": Family(vit, IMAGES, {"batch": 32},
                  data={"kind": "digits"},
                  train={"data": same("pixel_values", "labels"), "order": "shuffled"},
                  runs={"adamw": Run(repeats=SMALL),
                        "mse": Run({"loss": {"kind": "mse", "prediction": "logits", "target": "target"},
                                    "data": same("pixel_values") | {"target": {"from": "one_hot"}}, "order": "sequential"})}),
    "resnet": Family(ResNet, IMAGES, {"batch": 32}, data={"kind": "digits"}, special={"*conv*.weight": 0.1, "*shortcut.0.weight": 0.1, "features.weight": 0.1},
                     train={"data": same("pixel_values", "labels"), "order": "shuffled", "batch_norm": "batch"},
                     runs={"adamw": Run({"optimizer": ADAMW | {"epsilon": 1e-4}}, repeats=SMALL),
                           "sgd": Run({"optimizer": SGD, "learning_rate": {"kind": "constant", "peak": 0.02, "warmup_steps": 10}}),
                           "frozen": Run({"batch_norm": "frozen", "learning_rate": COSINE | {"peak": 5e-3}})}),
    "gpt-tiny": Family(gpt(2, 64, 2, 32), {"input_ids": IDS}, TINY, special=gpt_special(2), runs={
        "adamw": Run(repeats=SMALL),
        "sgd": Run({"optimizer": SGD, "learning_rate": {"kind": "constant", "peak": 0.1, "warmup_steps": 10}}),
        "linear": Run({"learning_rate": COSINE | {"kind": "linear"}, "clip_norm": None}),
        "smoothing": Run({"loss": CROSS_ENTROPY | {"label_smoothing": 0.1}}),
        "ignore": Run({"loss": NO_SPACES}),
        "accumulate": Run({"micro_batches": 4}),
        "accumulate-ignore": Run({"loss": NO_SPACES | {"label_smoothing": 0.1}, "micro_batches": 4}),
        "frozen": Run({"frozen": ["transformer.wpe.weight", "transformer.h.0.*"]}),
        "no-decay": Run({"optimizer": ADAMW | {"no_decay": ["*.bias", "*.ln_*", "transformer.w?e.weight"]}}),
        "bf16": Run({"compute": "bf16"}, repeats=())}),
    "gpt-tiny-untied": Family(gpt(2, 64, 2, 32, tied=False), {"input_ids": IDS}, TINY, special=gpt_special(2),
                              runs={"adamw": Run(repeats=SMALL)}),
    "gpt-tiny-dropout": Family(gpt(2, 64, 2, 32, dropout=0.1), {"input_ids": IDS}, TINY, special=gpt_special(2), drops=True,
                               runs={"adamw": Run(repeats=SMALL), "accumulate": Run({"micro_batches": 4})}),
    "llama-tiny": Family(llama(2, 64, 4, 2, 176, 32), {"input_ids": IDS}, TINY, runs={"adamw": Run(repeats=SMALL)}),
}
