"""GPT-2: layer norms, learned positions, one projection to queries, keys and values (`GPT2LMHeadModel` of `transformers`)."""

import math

import numpy as np

from decoders import attention
from decoders.graph import Graph


class Gpt2:
    def __init__(self, config):
        self.config = config
        self.hidden, self.layers, self.heads = config["n_embd"], config["n_layer"], config["n_head"]
        self.width = self.hidden // self.heads

    def norm(self, g, x, name):
        with g.module(name, "LayerNorm"):
            weight, bias = (g.weight(f"{name}.{each}", self.hidden) for each in ("weight", "bias"))
            epsilon = float(np.float32(self.config["layer_norm_epsilon"]))
            return g.node("LayerNormalization", x, weight, bias, axis=-1, epsilon=epsilon, stash_type=1)

    def project(self, g, x, name, inputs, outputs):
        with g.module(name, "Conv1D"):
            flat = g.view(x, -1, inputs)
            weight, bias = g.weight(f"{name}.weight", inputs, outputs), g.weight(f"{name}.bias", outputs)
            flat = g.node("Gemm", flat, weight, bias, alpha=1.0, beta=1.0, transA=0, transB=0)
            return g.view(flat, g.batch, g.sequence, outputs)

    def attend(self, g, x, name, mask):
        with g.module(name, "GPT2Attention"):
            fused = self.project(g, x, f"{name}.c_attn", self.hidden, 3 * self.hidden)
            parts = g.node("SplitToSequence", fused, g.number(self.hidden), axis=2, keepdims=1)
            q, k, v = (g.node("SequenceAt", parts, g.number(index)) for index in range(3))
            k, v, q = (g.node("Transpose", g.view(part, g.batch, g.sequence, -1, self.width), perm=[0, 2, 1, 3])
                       for part in (k, v, q))
            mixed = attention.attention(g, q, k, v, mask, self.heads, self.width)
            return self.project(g, mixed, f"{name}.c_proj", self.hidden, self.hidden)

    def gelu(self, g, x):
        half = g.node("Mul", x, g.number(0.5, np.float32))
        cube = g.node("Mul", g.node("Pow", x, g.fresh(3.0)), g.number(0.044715, np.float32))
        inner = g.node("Mul", g.node("Add", x, cube), g.number(math.sqrt(2 / math.pi), np.float32))
        return g.node("Mul", half, g.node("Add", g.node("Tanh", inner), g.number(1.0, np.float32)))

    def feed(self, g, x, name):
        inner = self.config.get("n_inner") or 4 * self.hidden
        with g.module(name, "GPT2MLP"):
            x = self.project(g, x, f"{name}.c_fc", self.hidden, inner)
            with g.module(f"{name}.act", "NewGELUActivation"):
                x = self.gelu(g, x)
            return self.project(g, x, f"{name}.c_proj", inner, self.hidden)

    def model(self, batch, sequence, data):
        g, vocabulary = Graph(batch, sequence, data), self.config["vocab_size"]
        with g.module("", "GPT2LMHeadModel"):
            with g.module("transformer", "GPT2Model"):
                g.number(1)
                ids = g.view(g.input, -1, g.sequence)
                table = g.weight("lm_head.weight", vocabulary, self.hidden, tied=["transformer.wte.weight"])
                x = g.node("Gather", table, ids, axis=0)
                positions = attention.positions(g)
                learned = g.weight("transformer.wpe.weight", self.config["n_positions"], self.hidden)
                x = g.node("Add", x, g.node("Gather", learned, positions, axis=0))
                mask = attention.causal_mask(g, positions)
                for layer in range(self.layers):
                    name = f"transformer.h.{layer}"
                    with g.module(name, "GPT2Block"):
                        x = g.node("Add", self.attend(g, self.norm(g, x, f"{name}.ln_1"), f"{name}.attn", mask), x)
                        x = g.node("Add", x, self.feed(g, self.norm(g, x, f"{name}.ln_2"), f"{name}.mlp"))
                x = self.norm(g, x, "transformer.ln_f")
                x = g.view(x, -1, g.sequence, self.hidden)
            with g.module("lm_head", "Linear"):
                x = g.slice(g.slice(x, 0), 1)
                g.node("MatMul", x, g.node("Transpose", table, perm=[1, 0]), output="logits")
        return g.model(vocabulary)
