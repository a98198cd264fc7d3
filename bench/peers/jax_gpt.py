#!/usr/bin/env python3
"""Trains the benchmark's GPT in JAX: one jitted step with donated state. Usage: jax_gpt.py DIRECTORY THREADS."""

import json
import os
import pathlib
import sys

THREADS = int(sys.argv[2])
# XLA's pool has as many threads as the process may use cores.
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
from safetensors.numpy import load_file  # noqa: E402

from serve import Batches, serve  # noqa: E402  (first: it knows where what follows lies)
from schedule import learning_rate  # noqa: E402

LAYERS, WIDTH, HEADS, SEQUENCE, BATCH = 6, 384, 6, 256, 8


def norm(x, weight, bias):
    mean = x.mean(-1, keepdims=True)
    centered = x - mean
    return centered * jax.lax.rsqrt(jnp.square(centered).mean(-1, keepdims=True) + 1e-5) * weight + bias


def attention(x, weights, name):
    batch, sequence, _ = x.shape
    qkv = x @ weights[name + "attn.c_attn.weight"] + weights[name + "attn.c_attn.bias"]
    query, key, value = (part.reshape(batch, sequence, HEADS, -1) for part in jnp.split(qkv, 3, -1))
    y = jax.nn.dot_product_attention(query, key, value, is_causal=True).reshape(batch, sequence, WIDTH)
    return y @ weights[name + "attn.c_proj.weight"] + weights[name + "attn.c_proj.bias"]


def loss_of(weights, ids, labels):
    x = weights["wte.weight"][ids] + weights["wpe.weight"]
    for layer in range(LAYERS):
        name = f"h.{layer}."
        x = x + attention(norm(x, weights[name + "ln_1.weight"], weights[name + "ln_1.bias"]), weights, name)
        inner = norm(x, weights[name + "ln_2.weight"], weights[name + "ln_2.bias"])
        inner = jax.nn.gelu(inner @ weights[name + "mlp.c_fc.weight"] + weights[name + "mlp.c_fc.bias"], approximate=True)
        x = x + inner @ weights[name + "mlp.c_proj.weight"] + weights[name + "mlp.c_proj.bias"]
    logits = norm(x, weights["ln_f.weight"], weights["ln_f.bias"]) @ weights["wte.weight"].T
    logs = jax.nn.log_softmax(logits)
    return -jnp.take_along_axis(logs, labels[..., None], -1).mean()


def make_step(config):
    beta1, beta2 = config["optimizer"]["betas"]

    def step(state, ids, labels, rate, number):
        weights, first, second = state
        loss, grads = jax.value_and_grad(loss_of)(weights, ids, labels)
        size = jnp.sqrt(sum(jnp.sum(jnp.square(grad)) for grad in grads.values()))
        scale = jnp.minimum(1.0, config["clip_norm"] / (size + 1e-6))
        for name, value in weights.items():
            grad = grads[name] * scale
            decay = config["optimizer"]["weight_decay"] if value.ndim >= 2 else 0.0
            first[name] = beta1 * first[name] + (1 - beta1) * grad
            second[name] = beta2 * second[name] + (1 - beta2) * jnp.square(grad)
            mean, square = first[name] / (1 - beta1**number), second[name] / (1 - beta2**number)
            weights[name] = value * (1 - rate * decay) - rate * mean / (jnp.sqrt(square) + config["optimizer"]["epsilon"])
        return (weights, first, second), loss

    return jax.jit(step, donate_argnums=0)


def main():
    directory = pathlib.Path(sys.argv[1])
    config = json.loads((directory / "train.json").read_text())
    stored = load_file(directory / "model.safetensors")
    weights = {name.removeprefix("transformer."): jnp.asarray(value) for name, value in stored.items()}
    state = [weights, {name: jnp.zeros_like(value) for name, value in weights.items()},
             {name: jnp.zeros_like(value) for name, value in weights.items()}]
    batches, compiled = Batches(directory, config, BATCH, SEQUENCE), make_step(config)

    def step(number):
        nonlocal state
        ids, labels = batches(number)
        state, loss = compiled(state, ids, labels, learning_rate(config["learning_rate"], number), number + 1.0)
        jax.block_until_ready(state)
        return float(loss)

    serve(step)


if __name__ == "__main__":
    main()
