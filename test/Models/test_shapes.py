#!/usr/bin/env python3
"""Large decoders without weights: the graphs are those of real exports, and the compiler takes them at any size.

usage: test_shapes.py BIN
"""

import collections
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import numpy as np
import onnx

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import shapes  # noqa: E402
import tool  # noqa: E402
import weights  # noqa: E402

COMPILE = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else HERE.parents[1] / "build" / "bin") / "vescale-compile"
BAD_INPUT = 3
# As the recorded models of test/Training.
LLAMA = {"model_type": "llama", "hidden_size": 256, "intermediate_size": 688, "num_hidden_layers": 4, "num_attention_heads": 8,
         "num_key_value_heads": 2, "vocab_size": 256, "rms_norm_eps": 1e-6, "rope_theta": 10000.0}
GPT = {"model_type": "gpt2", "n_embd": 384, "n_layer": 6, "n_head": 6, "n_positions": 256, "vocab_size": 256,
       "layer_norm_epsilon": 1e-5}
TRAIN = {"schema": "vescale.train/1", "compute": "bf16",
         "data": {"input_ids": {"from": "tokens"}, "labels": {"from": "tokens", "shift": 1}}}


def canonical(graph):
    """The nodes, with values named by what computes them."""
    names = {value.name: value.name for value in (*graph.input, *graph.initializer)}
    nodes = []
    for index, node in enumerate(graph.node):
        attributes = sorted((each.name, onnx.numpy_helper.to_array(each.t).tolist() if each.type == each.TENSOR
                             else onnx.helper.get_attribute_value(each)) for each in node.attribute)
        nodes.append((node.op_type, [names[name] for name in node.input], attributes))
        names.update((name, (index, place)) for place, name in enumerate(node.output))
    return nodes


def forward(config, values, ids):
    """LLaMA's logits in float64, written down from the paper's formulas."""
    heads, groups = config["num_attention_heads"], config["num_key_value_heads"]
    width, (batch, length) = config["hidden_size"] // heads, ids.shape

    def norm(x, name):
        return x / np.sqrt((x**2).mean(-1, keepdims=True) + config["rms_norm_eps"]) * values[f"{name}.weight"]

    def turn(x):
        pair = np.exp(1j * np.arange(length)[:, None] * config["rope_theta"] ** (-np.arange(width // 2) * 2 / width))
        turned = (x[..., : width // 2] + 1j * x[..., width // 2:]) * pair
        return np.concatenate([turned.real, turned.imag], -1)

    x = values["model.embed_tokens.weight"][ids]
    for layer in range(config["num_hidden_layers"]):
        name = f"model.layers.{layer}"
        normed = norm(x, f"{name}.input_layernorm")
        q, k, v = ((normed @ values[f"{name}.self_attn.{each}_proj.weight"].T).reshape(batch, length, -1, width).swapaxes(1, 2)
                   for each in "qkv")
        k, v = (np.repeat(each, heads // groups, axis=1) for each in (turn(k), v))
        scores = turn(q) @ k.swapaxes(2, 3) / np.sqrt(width)
        scores = np.where(np.tri(length, dtype=bool), scores, -np.inf)
        mixed = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (mixed / mixed.sum(-1, keepdims=True)) @ v
        x = x + mixed.swapaxes(1, 2).reshape(batch, length, -1) @ values[f"{name}.self_attn.o_proj.weight"].T
        normed = norm(x, f"{name}.post_attention_layernorm")
        gate, up = (normed @ values[f"{name}.mlp.{each}_proj.weight"].T for each in ("gate", "up"))
        x = x + (gate / (1 + np.exp(-gate)) * up) @ values[f"{name}.mlp.down_proj.weight"].T
    return norm(x, "model.norm") @ values["lm_head.weight"].T


class ShapesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "train.json").write_text(json.dumps(TRAIN))

    def write(self, config, **options):
        onnx.save(shapes.build(config, data="absent.data", **options), self.folder / "model.onnx")

    def compile(self, *flags, sequence, batch, train=True):
        """The process and its peak memory in KiB."""
        train = [f"--train={self.folder / 'train.json'}"] if train else []
        script = ("import resource, subprocess, sys\n"
                  "code = subprocess.run(sys.argv[1:]).returncode\n"
                  "usage = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
                  "print('peak', usage.ru_maxrss, file=sys.stderr)\n"
                  "sys.exit(code)")
        result = subprocess.run([sys.executable, "-c", script, COMPILE, self.folder / "model.onnx", *train, *flags,
                                 f"--dim=batch={batch}", f"--dim=sequence={sequence}"], capture_output=True, text=True, check=False)
        return result, int(result.stderr.rsplit("peak ", 1)[1])

    def ops(self, *flags, **sizes):
        """How often @main has each op of the dialect after `prepare`."""
        result, _ = self.compile("--compile-to=prepare", *flags, **sizes)
        self.assertEqual(result.returncode, 0, result.stderr[-2000:])
        self.text = next(part for part in result.stdout.split("func.func ") if part.startswith("@main"))
        return collections.Counter(re.findall(r"= graph\.(\w+) ", self.text))

    def test_graphs_are_those_of_real_exports(self):
        for name, config in (("llama", LLAMA), ("gpt", GPT)):
            with self.subTest(name):
                want = onnx.load(HERE.parent / "Training" / name / "model.onnx", load_external_data=False).graph
                got = shapes.build(config).graph
                self.assertEqual(canonical(got), canonical(want))
                for graph in (got, want):
                    self.assertEqual([value.name for value in (*graph.input, *graph.output)], ["input_ids", "logits"])
                self.assertEqual(*({each.name: (each.data_type, list(each.dims)) for each in graph.initializer}
                                   for graph in (got, want)))

    def test_numbers(self):
        config = LLAMA | {"num_hidden_layers": 2, "rope_theta": 500000.0}
        self.write(config)
        graph = onnx.load(self.folder / "model.onnx", load_external_data=False).graph
        values = {each.name: weights.make(each.name, each.dims) for each in graph.initializer
                  if each.data_location == onnx.TensorProto.EXTERNAL}
        with open(self.folder / "absent.data", "wb") as data:
            for each in graph.initializer:
                if each.name in values:
                    data.seek(int(next(entry.value for entry in each.external_data if entry.key == "offset")))
                    values[each.name].tofile(data)
        ids = np.random.default_rng(1).integers(0, config["vocab_size"], (3, 24))
        got = tool.reference(self.folder / "model.onnx", {"input_ids": ids})["logits"]
        want = forward(config, {name: value.astype(np.float64) for name, value in values.items()}, ids)
        self.assertLess(np.abs(got - want).max() / np.abs(want).max(), 1e-5)

    def test_composites(self):
        self.write(shapes.read("llama-3-8b"))
        ops = self.ops(train=False, batch=3, sequence=8192)
        want = {"attention": 32, "rotary": 64, "rms_norm": 65, "silu": 32, "softmax": 0, "concat": 0}
        self.assertEqual({name: ops[name] for name in want}, want)
        self.assertEqual(self.text.count(" causal :"), 32)
        self.write(shapes.read("gpt-175b"), layers=3)
        ops = self.ops(train=False, batch=3, sequence=2048)
        want = {"attention": 3, "layer_norm": 7, "gelu": 3, "softmax": 0}
        self.assertEqual({name: ops[name] for name in want}, want)
        self.assertEqual(self.text.count(" causal :"), 3)

    def test_a_step_of_a_cluster(self):
        """Sizes beyond 2^31 and 2^43: the sixteen million tokens of a step, their logits, all heads' scores."""
        self.write(shapes.read("llama-3-405b"), layers=2)
        ops = self.ops(batch=2048, sequence=8192)
        self.assertEqual((ops["attention"], ops["attention_grad"]), (2, 2))
        self.assertEqual(len(re.findall(r" causal\b", self.text)), 4, "masks are left")
        self.assertIn("tensor<2048x8192x128256x", self.text)
        parameters = {name: int(size) for name, size in re.findall(
            r'graph.parameter "([^"#]*)" source <"[^"]*", \d+, (\d+),', self.text)}
        hidden, inner, keys, vocabulary = 16384, 53248, 1024, 128256
        layer = 2 * hidden * hidden + 2 * hidden * keys + 3 * hidden * inner + 2 * hidden
        self.assertEqual(sum(parameters.values()), 4 * (2 * layer + 2 * vocabulary * hidden + hidden))

    def test_absent_weights(self):
        self.write(LLAMA)
        result, _ = self.compile("--compile-to=plan", "--mesh=dp=8,tp=2", "--zero=3", batch=16, sequence=32)
        self.assertEqual(result.returncode, 0, result.stderr[-2000:])
        result, _ = self.compile(f"-o={self.folder / 'bundle'}", batch=16, sequence=32)
        self.assertEqual(result.returncode, BAD_INPUT)
        self.assertEqual(result.stderr.count("absent.data"), 1, result.stderr)
        self.assertIn("can't be opened", result.stderr)
        self.assertFalse((self.folder / "bundle").exists())

    def test_growth(self):
        """Twice the layers take twice the memory, where a square would take four times as much."""
        memory = {}
        for count in (126, 252, 504):
            self.write(LLAMA, layers=count)
            result, memory[count] = self.compile("--compile-to=prepare", "-o=/dev/null", batch=2, sequence=64)
            self.assertEqual(result.returncode, 0, result.stderr[-2000:])
        # Differences leave out what a start takes.
        grown = (memory[504] - memory[252]) / (memory[252] - memory[126])
        self.assertLess(grown, 3, f"peak KiB by layers: {memory}")


if __name__ == "__main__":
    unittest.main()
