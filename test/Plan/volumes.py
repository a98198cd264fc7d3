#!/usr/bin/env python3
"""Holds what each rank sends in a step of the partitioned program against the textbook's formulas, for gpt-tiny.

usage: volumes.py [--bin DIR]

Prints a line for each layout; exit status 1 if one differs. Sums of single numbers (the loss, its count, the norm of the
gradient) are counted apart: they are no part of the formulas.
"""

import argparse
import math
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Training"))

import tool  # noqa: E402

MODEL, LAYERS, WIDTH, HEADS = "gpt-tiny", 2, 64, 2
BYTES = {"f32": 4, "f64": 8, "i32": 4, "i64": 8, "i1": 1}
COLLECTIVE = re.compile(r"= dist\.(all_reduce|all_gather|reduce_scatter|all_to_all|permute)\b")
PARTS = re.compile(r"on @mesh\{(.*?)\}.* : tensor<(\S+)> -> tensor<(\S+)>$")


class Sizes:
    """Bytes of the model's parts on one of `tp` ranks; the table of positions is sharded where they are, over `positions`."""

    def __init__(self, tp=1, positions=1):
        self.bytes = {}
        for name, value in tool.first_weights(tool.describe(MODEL)[0]).items():
            split = any(part in name for part in ("c_attn", "c_fc", "wte")) or name.endswith("c_proj.weight")
            self.bytes[name] = value.nbytes // (positions if "wpe" in name else tp if split else 1)

    def sum(self, *parts):
        return sum(size for name, size in self.bytes.items() if any(re.search(part, name) for part in parts))

    @property
    def all(self):
        return self.sum("")

    @property
    def read_backward(self):
        """The backward program reads no bias, and no table of positions."""
        return self.all - self.sum(r"\.bias$", "wpe")


def all_reduce(size, ranks):
    return 2 * size * (ranks - 1) / ranks


def once(size, ranks):
    """A reduce-scatter, or an all-gather."""
    return size * (ranks - 1) / ranks


def zero(level, sizes, dp, micro_batches=1):
    """Gradients, and what is stored in shards, over dp."""
    if level == 0:
        return all_reduce(sizes.all, dp)
    if level == 3:
        return micro_batches * (2 * once(sizes.all, dp) + once(sizes.read_backward, dp))
    return (1 if level == 1 else micro_batches) * once(sizes.all, dp) + once(sizes.all, dp)


def tensor(activation, rows, tp):
    """Two sums a layer, one at the table and one at the head, forward and backward; the loss takes three of each row."""
    return (4 * LAYERS + 2) * all_reduce(activation, tp) + 3 * all_reduce(rows * 4, tp)


def ulysses(rows, sp):
    """Queries, keys, values and results change between positions and heads, forward and backward; so do sums of rows."""
    activation, sums = rows // sp * WIDTH * 4, rows // sp * HEADS * 4
    return LAYERS * (8 * once(activation, sp) + once(sums, sp))


def cases(batch, sequence):
    whole, half = Sizes(), Sizes(tp=2)
    sequence_half, positions_half = Sizes(tp=2, positions=2), Sizes(positions=2)
    rows = batch * sequence
    activation = rows * WIDTH * 4
    norms = whole.sum("ln_")
    summed = norms + whole.sum(rf"h\.{LAYERS - 1}\.mlp\.c_proj\.bias")  # gradients that are sums of partial ones
    replicated = norms + whole.sum(r"c_proj\.bias$")  # of what works on a shard of the sequence
    yield "--mesh=dp=2", 1, zero(0, whole, 2)
    yield "--mesh=dp=4", 1, zero(0, whole, 4)
    yield "--mesh=dp=2", 4, zero(0, whole, 2)
    for level in (1, 2, 3):
        yield f"--mesh=dp=2 --zero={level}", 1, zero(level, whole, 2)
        yield f"--mesh=dp=4 --zero={level}", 1, zero(level, whole, 4)
        yield f"--mesh=dp=2 --zero={level}", 4, zero(level, whole, 2, 4)
    # Shards in groups of 2; the sums of groups add up.
    yield "--mesh=dp=4 --zero=1 --zero-axes=dp:(2)2", 1, zero(1, whole, 2) + all_reduce(whole.all / 2, 2)
    yield "--mesh=dp=4 --zero=3 --zero-axes=dp:(2)2", 1, zero(3, whole, 2) + all_reduce(whole.all / 2, 2)
    yield "--mesh=tp=2", 1, tensor(activation, rows, 2) + all_reduce(summed, 2)
    yield "--mesh=tp=2 --sp=megatron", 1, tensor(activation, rows, 2) + all_reduce(replicated, 2)
    # What is partial over both axes is summed over both at once.
    yield ("--mesh=dp=2,tp=2", 1, tensor(activation / 2, rows / 2, 2) + all_reduce(half.all - summed, 2) +
           all_reduce(summed, 4))
    yield ("--mesh=dp=2,tp=2 --zero=1", 1, tensor(activation / 2, rows / 2, 2) + zero(1, half, 2) +
           all_reduce(summed / 2, 2))
    yield ("--mesh=dp=2,tp=2 --zero=3 --sp=megatron", 1, tensor(activation / 2, rows / 2, 2) +
           zero(3, sequence_half, 2) + all_reduce(replicated / 2, 2))
    # Positions share all weights but their own table.
    table = whole.sum("wpe")
    yield "--mesh=sp=2 --sp=ulysses", 1, ulysses(rows, 2) + all_reduce(whole.all - table, 2)
    yield "--mesh=sp=2 --sp=ulysses", 4, 4 * ulysses(rows, 2) + all_reduce(whole.all - table, 2)
    yield ("--mesh=dp=2,sp=2 --sp=ulysses", 1, ulysses(rows // 2, 2) + all_reduce(whole.all - table, 4) +
           all_reduce(table / 2, 2))
    for level in (1, 3):
        yield (f"--mesh=dp=2,sp=2 --sp=ulysses --zero={level}", 1, ulysses(rows // 2, 2) + zero(level, positions_half, 2) +
               all_reduce((whole.all - table) / 2, 2))


def size_of(tensor_type):
    *dims, element = tensor_type.split("x")
    return math.prod(map(int, dims)) * BYTES[element]


def sent_bytes(op, ranks, source, result):
    whole = max(size_of(source), size_of(result))
    return {"all_reduce": 2 * whole * (ranks - 1) // ranks, "permute": whole}.get(op, whole * (ranks - 1) // ranks)


def group_size(axes, mesh):
    """The ranks of a group such as `"dp":(2)2, "tp"`."""
    return math.prod(int(part) if part else mesh[name]
                     for name, part in re.findall(r'"(\w+)"(?::\(\d+\)(\d+))?', axes))


def measure(text):
    """Bytes that a rank sends in a run of each function: of tensors, and of single numbers."""
    mesh = {name: int(size) for name, size in re.findall(r'"(\w+)"=(\d+)', re.search(r"dist\.mesh @mesh <(.*)>", text)[1])}
    sent, function = {}, None
    for line in text.splitlines():
        if found := re.search(r"func\.func @(\w+)", line):
            function = found[1]
            sent[function] = [0, 0]
        if op := COLLECTIVE.search(line):
            axes, source, result = PARTS.search(line).groups()
            sent[function]["x" not in source] += sent_bytes(op[1], group_size(axes, mesh), source, result)
    return sent


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", help="where vescale-compile is (default: on PATH)")
    options = parser.parse_args()
    compiler = str(pathlib.Path(options.bin) / "vescale-compile") if options.bin else "vescale-compile"
    dims = tool.describe(MODEL)[0]["dims"]
    good = True
    print(f"{'layout':45} batches  formula    sent  single numbers")
    with tempfile.TemporaryDirectory() as directory:
        scratch = pathlib.Path(directory)
        graph, _ = tool.make(MODEL, scratch)
        for flags, micro_batches, want in cases(dims["batch"], dims["sequence"]):
            words = [compiler, graph, f"--train={scratch / 'train.json'}", f"--micro-batches={micro_batches}",
                     *(f"--dim={name}={size}" for name, size in dims.items()), *flags.split(),
                     "--compile-to=partition", "-o", scratch / "local.mlir"]
            subprocess.run([str(word) for word in words], check=True, stderr=subprocess.PIPE)
            sent = measure((scratch / "local.mlir").read_text())
            times = {"main": 1, "accumulate": micro_batches - 1, "eval": 0}
            tensors, numbers = (sum(times[name] * sizes[i] for name, sizes in sent.items()) for i in (0, 1))
            fine = tensors == want
            good &= fine
            print(f"{flags:45} {micro_batches:7} {want:8.0f} {tensors:7} {numbers:5}{'' if fine else '  DIFFERS'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
