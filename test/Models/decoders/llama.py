"""LLaMA: RMS norms, rotary positions, grouped queries, SwiGLU (`LlamaForCausalLM` of `transformers`)."""

import math

import numpy as np

from decoders import attention
from decoders.graph import Graph


def frequencies(config):
    """Angles of a pair from one position to the next; `rope_scaling` of the type llama3 stretches slow ones."""
    width = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    angles = 1.0 / config["rope_theta"] ** (np.arange(0, width, 2, dtype=np.float64) / width)
    scaling = config.get("rope_scaling")
    if not scaling:
        return angles.astype(np.float32)
    if scaling.get("rope_type") != "llama3":
        raise SystemExit(f"rope_scaling is of the type {scaling.get('rope_type')}; known is llama3")
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    turns = scaling["original_max_position_embeddings"] * angles / (2 * math.pi)
    smooth = np.clip((turns - low) / (high - low), 0, 1)
    return (angles * (smooth + (1 - smooth) / scaling["factor"])).astype(np.float32)


class Llama:
    def __init__(self, config):
        self.config = config
        self.hidden, self.layers = config["hidden_size"], config["num_hidden_layers"]
        self.heads = config["num_attention_heads"]
        self.groups = config.get("num_key_value_heads") or self.heads
        self.width = config.get("head_dim") or self.hidden // self.heads

    def norm(self, g, x, name):
        with g.module(name, "LlamaRMSNorm"):
            weight = g.weight(f"{name}.weight", self.hidden)
            square = g.node("Pow", x, g.fresh(2.0))
            mean = g.node("ReduceMean", square, g.list_of(g.number([-1])), keepdims=1, noop_with_empty_axes=0)
            root = g.node("Sqrt", g.node("Add", mean, g.number(self.config["rms_norm_eps"], np.float32)))
            return g.node("Mul", weight, g.node("Mul", x, g.node("Reciprocal", root)))

    def tables(self, g, positions):
        """Cosines and sines: [1, sequence, width]."""
        with g.module("model.rotary_emb", "LlamaRotaryEmbedding"):
            steps = g.buffer("model.rotary_emb.inv_freq", frequencies(self.config))
            angles = g.node("Mul", g.node("Cast", g.unsqueeze(positions, 2), to=1), steps)
            angles = g.node("Concat", angles, angles, axis=-1)
            return [g.node("Mul", g.node(table, angles), g.number(1.0, np.float32)) for table in ("Cos", "Sin")]

    def rotate(self, g, x, cos, sin):
        straight, half = g.node("Mul", x, cos), self.width // 2
        low = g.slice(x, 3, 0, half)
        high = g.node("Neg", g.slice(x, 3, half))
        return g.node("Add", straight, g.node("Mul", g.node("Concat", high, low, axis=-1), sin))

    def repeat(self, g, x):
        """Each head of keys or values for all queries of its group."""
        if self.groups == self.heads:
            return x
        x = g.slice(g.unsqueeze(g.slice(x, 0), 2), 3)
        x = g.node("Expand", x, g.shape(g.batch, self.groups, self.heads // self.groups, g.sequence, self.width))
        return g.view(g.node("Identity", x), g.batch, self.heads, g.sequence, self.width)

    def attend(self, g, x, name, mask, tables):
        with g.module(name, "LlamaAttention"):
            projected = []
            for each, count in (("q", self.heads), ("k", self.groups), ("v", self.groups)):
                with g.module(f"{name}.{each}_proj", "Linear"):
                    part = g.linear(x, f"{name}.{each}_proj.weight", self.hidden, count * self.width)
                part = g.view(part, g.batch, g.sequence, -1, self.width)
                projected.append(g.node("Transpose", part, perm=[0, 2, 1, 3]))
            q, k, v = projected
            cos, sin = (g.unsqueeze(table, 1) for table in tables)
            q, k = (self.rotate(g, each, cos, sin) for each in (q, k))
            k, v = (self.repeat(g, each) for each in (k, v))
            mixed = attention.attention(g, q, k, v, mask, self.heads, self.width)
            with g.module(f"{name}.o_proj", "Linear"):
                return g.linear(mixed, f"{name}.o_proj.weight", self.heads * self.width, self.hidden)

    def feed(self, g, x, name):
        inner = self.config["intermediate_size"]
        with g.module(name, "LlamaMLP"):
            with g.module(f"{name}.gate_proj", "Linear"):
                gate = g.linear(x, f"{name}.gate_proj.weight", self.hidden, inner)
            with g.module(f"{name}.act_fn", "SiLUActivation"):
                gate = g.node("Mul", gate, g.node("Sigmoid", gate))
            with g.module(f"{name}.up_proj", "Linear"):
                up = g.linear(x, f"{name}.up_proj.weight", self.hidden, inner)
            product = g.node("Mul", gate, up)
            with g.module(f"{name}.down_proj", "Linear"):
                return g.linear(product, f"{name}.down_proj.weight", inner, self.hidden)

    def model(self, batch, sequence, data):
        g, vocabulary = Graph(batch, sequence, data), self.config["vocab_size"]
        with g.module("", "LlamaForCausalLM"):
            with g.module("model", "LlamaModel"):
                with g.module("model.embed_tokens", "Embedding"):
                    x = g.node("Gather", g.weight("model.embed_tokens.weight", vocabulary, self.hidden), g.input, axis=0)
                g.number(1)
                positions = attention.positions(g)
                mask = attention.causal_mask(g, positions)
                tables = self.tables(g, positions)
                for layer in range(self.layers):
                    name = f"model.layers.{layer}"
                    with g.module(name, "LlamaDecoderLayer"):
                        normed = self.norm(g, x, f"{name}.input_layernorm")
                        x = g.node("Add", x, self.attend(g, normed, f"{name}.self_attn", mask, tables))
                        normed = self.norm(g, x, f"{name}.post_attention_layernorm")
                        x = g.node("Add", x, self.feed(g, normed, f"{name}.mlp"))
                x = self.norm(g, x, "model.norm")
            with g.module("lm_head", "Linear"):
                g.linear(g.slice(g.slice(x, 0), 1), "lm_head.weight", self.hidden, vocabulary, output="logits")
        return g.model(vocabulary)
